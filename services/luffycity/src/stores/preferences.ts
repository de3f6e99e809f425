import { defineStore } from 'pinia'
import { ref } from 'vue'
import { recall, recallCookie, remember, rememberCookie } from '@/composables/remembered'
import { DEFAULT_LOCALE, LOCALES, showLocale, type Locale } from '@/i18n'

/** `auto` follows the system. public/theme.js applies the remembered one before the first paint. */
export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

/** A cookie: nginx/pages.js sends the page in that language, and with answers in it. */
const LOCALE_COOKIE = 'luffy_locale'
const THEME_KEY = 'luffy.theme'

/** The visitor's language and theme, remembered in this browser. */
export const usePreferencesStore = defineStore('preferences', () => {
  const locale = ref<Locale>(recallCookie(LOCALE_COOKIE, LOCALES, askedFor()))
  const theme = ref<Theme>(recall(THEME_KEY, THEMES, 'auto'))

  /** Shows what is remembered. A language that cannot be fetched leaves the default one. */
  async function restore(): Promise<void> {
    showTheme(theme.value)
    try {
      await showLocale(locale.value)
    } catch (error) {
      console.error('The texts of the chosen language could not be loaded', error)
      locale.value = DEFAULT_LOCALE
      await showLocale(DEFAULT_LOCALE)
    }
  }

  async function setLocale(wanted: Locale): Promise<void> {
    await showLocale(wanted)
    locale.value = wanted
    rememberCookie(LOCALE_COOKIE, wanted)
  }

  function setTheme(wanted: Theme): void {
    theme.value = wanted
    showTheme(wanted)
    remember(THEME_KEY, wanted)
  }

  return { locale, theme, restore, setLocale, setTheme }
})

/** The language that the page came in: the server knows which one the browser asks for. */
function askedFor(): Locale {
  return LOCALES.find((locale) => locale === document.documentElement.lang) ?? DEFAULT_LOCALE
}

function showTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
