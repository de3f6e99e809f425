import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { TYPING_PAUSE_MS } from '@/stores/suggestions'
import { failing, fakeApi, never, page, wholeApi } from './fakeApi'
import { mountPage } from './mountPage'

const offers = (wrapper: VueWrapper) => wrapper.findAll('main [role="option"]').map((one) => one.text())
const field = (wrapper: VueWrapper) => wrapper.get('main [role="combobox"]')

async function typed(wrapper: VueWrapper, words: string): Promise<void> {
  // Not the clock: Vue drops an event that seems to be older than its listener.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await field(wrapper).setValue(words)
  await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS)
  vi.useRealTimers()
  await flushPromises()
}

describe('the search page', () => {
  it('shows what was found, is named after it, and stays out of search engines', async () => {
    const requests = fakeApi(wholeApi())
    const { wrapper } = await mountPage('/search?search=python')
    expect(requests).toContain('course/search/?search=python&page=1&page_size=12')
    expect(wrapper.get('h1').text()).toBe('“python”的搜索结果')
    expect(wrapper.findAll('article')).toHaveLength(1)
    expect(document.head.querySelector('meta[name="robots"]')?.getAttribute('content')).toBe('noindex')
  })

  it('keeps the words when a filter is chosen', async () => {
    fakeApi(wholeApi())
    const { wrapper, router } = await mountPage('/search?search=python')
    await wrapper.findAll('a').find((link) => link.text() === '免费')?.trigger('click')
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/search?search=python&free=true')
  })

  it('offers hot words before anything was typed', async () => {
    const requests = fakeApi(wholeApi())
    const { wrapper } = await mountPage('/search')
    expect(wrapper.text()).toContain('想学什么？')
    expect(wrapper.get('nav[aria-label="热门搜索"] a').attributes('href')).toBe('/search?search=Linux')
    await field(wrapper).trigger('focus')
    expect(offers(wrapper)).toEqual(['Linux'])
    expect(requests.some((one) => one.startsWith('course/search'))).toBe(false)
  })

  it('has an empty state that says what was looked for', async () => {
    fakeApi({ ...wholeApi(), 'course/search/': page() })
    const { wrapper } = await mountPage('/search?search=<b>x</b>')
    expect(wrapper.text()).toContain('没有找到与“<b>x</b>”有关的课程')
  })

  it('works without hot words', async () => {
    fakeApi({ ...wholeApi(), 'course/hot_words/': failing(500) })
    const { wrapper } = await mountPage('/search?search=python')
    expect(wrapper.findAll('article')).toHaveLength(1)
    expect(wrapper.find('[role="alert"] h2').exists()).toBe(false)
  })
})

describe('the search box', () => {
  it('searches for what was typed on Enter, whatever is suggested', async () => {
    fakeApi(wholeApi())
    const { wrapper, router } = await mountPage('/search')
    await typed(wrapper, ' djan ')
    expect(offers(wrapper)).toEqual(['Django'])
    await wrapper.get('main form').trigger('submit')
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/search?search=djan')
    expect(offers(wrapper)).toEqual([])
  })

  it('opens the course that the arrow keys chose, and tells which that is', async () => {
    fakeApi(wholeApi())
    const { wrapper, router } = await mountPage('/search')
    await typed(wrapper, 'djan')
    await field(wrapper).trigger('keydown', { key: 'ArrowDown' })
    const marked = field(wrapper).attributes('aria-activedescendant')
    expect(wrapper.get(`[id="${marked}"]`).attributes('aria-selected')).toBe('true')
    await wrapper.get('main form').trigger('submit')
    await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe('/courses/7'), 10_000)
  })

  it('comes back to what was typed after the last suggestion', async () => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage('/search')
    await typed(wrapper, 'djan')
    await field(wrapper).trigger('keydown', { key: 'ArrowDown' })
    await field(wrapper).trigger('keydown', { key: 'ArrowDown' })
    expect(field(wrapper).attributes('aria-activedescendant')).toBeUndefined()
    await field(wrapper).trigger('keydown', { key: 'ArrowUp' })
    expect(field(wrapper).attributes('aria-activedescendant')).toBeDefined()
  })

  it('closes its list on Escape and keeps what was typed', async () => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage('/search')
    await typed(wrapper, 'djan')
    await field(wrapper).trigger('keydown', { key: 'Escape' })
    expect(offers(wrapper)).toEqual([])
    expect(field(wrapper).attributes('aria-expanded')).toBe('false')
    expect((field(wrapper).element as HTMLInputElement).value).toBe('djan')
  })

  it('opens a suggestion that is clicked', async () => {
    fakeApi(wholeApi())
    const { wrapper, router } = await mountPage('/search')
    await typed(wrapper, 'djan')
    await wrapper.get('main [role="option"]').trigger('click')
    await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe('/courses/7'), 10_000)
  })

  it('asks once for a word that is typed without a pause', async () => {
    const requests = fakeApi(wholeApi())
    const { wrapper } = await mountPage('/search')
    vi.useFakeTimers()
    for (const words of ['d', 'dj', 'dja']) await field(wrapper).setValue(words)
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS)
    expect(requests.filter((one) => one.startsWith('course/suggestions'))).toEqual([
      'course/suggestions/?search=dja',
    ])
  })

  it.each([
    ['fail', failing(500)],
    ['do not come', never],
    ['are garbage', [{ id: 'x' }]],
  ])('searches all the same when suggestions %s', async (_, answer) => {
    fakeApi({ ...wholeApi(), 'course/suggestions/': answer })
    const { wrapper, router } = await mountPage('/search')
    await typed(wrapper, 'djan')
    expect(offers(wrapper)).toEqual([])
    await wrapper.get('main form').trigger('submit')
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/search?search=djan')
  })
})
