import { enableAutoUnmount } from '@vue/test-utils'
import { afterEach, beforeEach, vi } from 'vitest'
import { DEFAULT_LOCALE, i18n, showLocale } from '@/i18n'

// A text that is missing, or any other warning, is a mistake: here it fails the test.
i18n.global.setMissingHandler((locale, key) => {
  throw new Error(`no text for ${key} in ${locale}`)
})

enableAutoUnmount(afterEach)

// What is waited for takes longer than the usual second on a busy machine.
const waitFor = vi.waitFor
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: 15_000, ...options })

beforeEach(async () => {
  localStorage.clear()
  sessionStorage.clear()
  document.cookie = 'luffy_locale=; path=/; max-age=0'
  document.head.innerHTML = ''
  delete document.documentElement.dataset.theme
  await showLocale(DEFAULT_LOCALE)
  vi.spyOn(console, 'warn').mockImplementation((...words) => {
    throw new Error(words.join(' '))
  })
})

afterEach(() => {
  vi.useRealTimers()
})
