import { createI18n } from 'vue-i18n'
import zh from './zh'

/** BCP 47 tags, so that `lang` and Intl take them as they are. */
export const LOCALES = ['zh-CN', 'en'] as const
export type Locale = (typeof LOCALES)[number]
export type Messages = typeof zh

export const DEFAULT_LOCALE: Locale = 'zh-CN'

// The default language travels with the first load; every other one is fetched when it is chosen.
const loaders: Record<Locale, () => Promise<{ default: Messages }>> = {
  'zh-CN': () => Promise.resolve({ default: zh }),
  en: () => import('./en'),
}

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: DEFAULT_LOCALE,
  fallbackLocale: DEFAULT_LOCALE,
  messages: { [DEFAULT_LOCALE]: zh } as Record<Locale, Messages>,
})

/**
 * Shows the site in `locale`, fetching its texts where they are not here yet.
 *
 * @throws when they cannot be fetched; the language stays as it was
 */
export async function showLocale(locale: Locale): Promise<void> {
  if (!i18n.global.availableLocales.includes(locale)) {
    i18n.global.setLocaleMessage(locale, (await loaders[locale]()).default)
  }
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
}
