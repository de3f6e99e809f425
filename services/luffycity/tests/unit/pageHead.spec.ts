import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPinia, setActivePinia } from 'pinia'
import { createApp, defineComponent, h, ref } from 'vue'
import { i18n, showLocale } from '@/i18n'
import { usePreferencesStore } from '@/stores/preferences'

/** As after loading the page `served`, whose head came from the server, and going on to `path`. */
async function head(served: string, path: string, title: string | null) {
  history.replaceState(null, '', served)
  vi.resetModules()
  const { usePageHead } = await import('@/composables/pageHead')
  history.replaceState(null, '', path)
  const shown = ref(title)
  const page = defineComponent({
    setup() {
      usePageHead(() => ({ title: shown.value }))
      return () => h('p')
    },
  })
  const app = createApp(page).use(i18n)
  app.mount(document.createElement('div'))
  return { shown, app }
}

beforeEach(() => {
  document.title = 'Served'
  document.head.innerHTML =
    '<title>Served</title><link rel="canonical" href="/courses/7"><meta property="og:title" content="x">'
    + '<script type="application/ld+json">{}</script><meta name="description" content="Served">'
})

afterEach(() => history.replaceState(null, '', '/'))

describe('the head of a page', () => {
  it('stays as it was served until the page knows better', async () => {
    const { shown } = await head('/courses/7', '/courses/7', null)
    expect(document.title).toBe('Served')
    shown.value = 'Django'
    await flushPromises()
    expect(document.title).toBe('Django · Luffy 课堂')
    expect(document.head.querySelector('link[rel="canonical"]')).not.toBeNull()
  })

  it('of another page has nothing of the one that was served', async () => {
    await head('/courses/7', '/courses/8', null)
    expect(document.title).toBe('正在加载 · Luffy 课堂')
    expect(document.head.querySelectorAll('[rel="canonical"], [property], script')).toHaveLength(0)
    expect(document.head.querySelectorAll('meta[name="description"]')).toHaveLength(1)
  })
})

describe('the language of a page', () => {
  it.each([
    ['en', 'en'],
    ['zh-CN', 'zh-CN'],
    ['fr', 'zh-CN'],
    ['', 'zh-CN'],
  ])('served as "%s" is %s', async (lang, locale) => {
    document.documentElement.lang = lang
    setActivePinia(createPinia())
    expect(usePreferencesStore().locale).toBe(locale)
    await showLocale('zh-CN')
  })

  it('is the remembered one before that', () => {
    document.documentElement.lang = 'en'
    document.cookie = 'luffy_locale=zh-CN; path=/'
    setActivePinia(createPinia())
    expect(usePreferencesStore().locale).toBe('zh-CN')
  })
})
