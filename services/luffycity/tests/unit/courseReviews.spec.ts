import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { chapters, course, failing, fakeApi, wholeApi, type Sent } from './fakeApi'
import { chaptersWith, confirm, good, learningApi, myCourse, noReviews } from './learningApi'
import { mountPage } from './mountPage'
import { signIn } from './person'

const review = { id: 1, author: 'Ada', rating: 4, text: 'Clear.', written: '2026-01-02T03:04:05Z' }
const some = {
  count: 3,
  results: [review, { ...review, id: 2, author: '', rating: 5, text: '' }],
  rating: 4.3,
  ratings: { 1: 0, 2: 0, 3: 1, 4: 0, 5: 2 },
}
const taken = good({ ...myCourse, chapters })

function api(answers: Record<string, unknown>) {
  return fakeApi({ ...learningApi(), 'learning/course/7/': taken, ...answers })
}

async function opened(answers: Record<string, unknown>, path = '/courses/7?tab=reviews') {
  signIn()
  const requests = api(answers)
  return { requests, ...(await mountPage(path)) }
}

const button = (wrapper: VueWrapper, text: string) =>
  wrapper.findAll('button').find((one) => one.text() === text) ?? wrapper.get(`no button ${text}`)

describe('reviews of a course', () => {
  it('show the mean, how often each rating was given, and what was said', async () => {
    fakeApi({ ...wholeApi(), 'learning/course/7/reviews/': some })
    const { wrapper } = await mountPage('/courses/7?tab=reviews')
    const summary = wrapper.get('.summary').text()
    expect(summary).toContain('4.3')
    expect(summary).toContain('5 星：2 条')
    expect(summary).toContain('2 星：0 条')
    const shown = wrapper.findAll('.review').map((one) => one.text())
    expect(shown).toEqual([expect.stringContaining('Clear.'), expect.stringContaining('已注销的用户')])
    expect(wrapper.text()).toContain('报名这门课程后可以评价')
  })

  it('have an empty state, pages, and a retry', async () => {
    fakeApi({ ...wholeApi(), 'learning/course/7/reviews/': noReviews })
    const { wrapper, router } = await mountPage('/courses/7?tab=reviews')
    expect(wrapper.text()).toContain('还没有评价')
    fakeApi({ ...wholeApi(), 'learning/course/7/reviews/': { ...some, count: 25 } })
    await router.push('/courses/7?tab=reviews&page=2')
    await flushPromises()
    const pages = wrapper.findAll('nav[aria-label="分页"] a').map((one) => one.attributes('href'))
    expect(pages).toContain('/courses/7?tab=reviews&page=3')
    fakeApi({ ...wholeApi(), 'learning/course/7/reviews/': failing(500) })
    await router.push('/courses/7?tab=reviews')
    await flushPromises()
    fakeApi({ ...wholeApi(), 'learning/course/7/reviews/': some })
    await wrapper.get('.reviews [role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.text()).toContain('Clear.')
  })

  it('are written by who takes the course, with one to five stars', async () => {
    const sent: Sent[] = []
    const { wrapper } = await opened({
      'learning/course/7/review/': good(null),
      'PUT learning/course/7/review/': (_: URLSearchParams, given: Sent) => {
        sent.push(given)
        return good(review)
      },
    })
    await button(wrapper, '写评价').trigger('click')
    await wrapper.get('.own form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.get('.own').text()).toContain('请选择一到五星'))
    expect(wrapper.get('[role="radiogroup"]').attributes('aria-invalid')).toBe('true')
    expect(sent).toEqual([])
    await wrapper.get('input[type="radio"][value="4"]').setValue(true)
    await wrapper.get('textarea').setValue('Clear.')
    await wrapper.get('.own form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.find('.own form').exists()).toBe(false))
    expect(JSON.parse(String(sent[0]?.body))).toEqual({ rating: 4, text: 'Clear.' })
    expect(wrapper.get('.own').text()).toContain('Clear.')
  })

  it('of one’s own are marked, and changed', async () => {
    const { wrapper } = await opened({
      'learning/course/7/review/': good(review),
      'learning/course/7/reviews/': some,
    })
    expect(wrapper.get('.review .mark').text()).toBe('我')
    await button(wrapper, '修改').trigger('click')
    expect(wrapper.get<HTMLTextAreaElement>('textarea').element.value).toBe('Clear.')
    expect(wrapper.get<HTMLInputElement>('input[value="4"]').element.checked).toBe(true)
    await button(wrapper, '取消').trigger('click')
    expect(wrapper.find('.own form').exists()).toBe(false)
  })

  it.each([
    ['gone at once', good(null), 1, '写评价'],
    ['back where that fails', failing(500), 2, '修改'],
  ])('that one deletes are %s', async (_, answer, left, words) => {
    const { wrapper } = await opened({
      'learning/course/7/review/': good(review),
      'learning/course/7/reviews/': some,
    })
    await button(wrapper, '删除').trigger('click')
    await flushPromises()
    api({
      'DELETE learning/course/7/review/': answer,
      'learning/course/7/reviews/': { ...some, results: some.results.slice(2 - left) },
    })
    confirm()
    await flushPromises()
    expect(wrapper.findAll('.review')).toHaveLength(left)
    expect(wrapper.get('.own').text()).toContain(words)
  })
})

describe('a course that one takes', () => {
  it('opens with its contents, all lessons linked and marked when done', async () => {
    const { wrapper } = await opened(
      { 'learning/course/7/': good({ ...myCourse, chapters: chaptersWith((one) => ({ done: one.id === 12 })) }) },
      '/courses/7',
    )
    const links = wrapper.findAll('details li a').map((link) => [link.attributes('href'), link.text()])
    expect(links).toEqual([
      ['/learn/7/11', expect.not.stringContaining('已学完')],
      ['/learn/7/12', expect.stringContaining('已学完')],
    ])
  })

  it('shows its public contents when it is not known who is here', async () => {
    const { wrapper } = await opened({ 'learning/course/7/': failing(500) }, '/courses/7?tab=chapters')
    expect(wrapper.findAll('details li')).toHaveLength(2)
  })
})

describe('the trailer', () => {
  it('plays the first video that anyone may watch, in place', async () => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage('/courses/7')
    await wrapper.get('button[aria-label^="试看免费课时"]').trigger('click')
    const video = wrapper.get('video')
    expect(video.attributes('src')).toBe('/api/v1/course/section/11/video/')
    await video.trigger('error')
    expect(wrapper.get('.trailer [role="alert"]').text()).toContain('暂时无法播放')
    vi.spyOn(HTMLMediaElement.prototype, 'load').mockReturnValue()
    await wrapper.get('.trailer [role="alert"] button').trigger('click')
    expect(wrapper.find('.trailer [role="alert"]').exists()).toBe(false)
  })

  it('is a picture alone where no video is free, or lies elsewhere', async () => {
    const elsewhere = chaptersWith(() => ({ section_link: 'https://example.com/v' }))
    fakeApi({ ...wholeApi(), 'course/chapter/': elsewhere })
    const { wrapper } = await mountPage('/courses/7')
    expect(wrapper.find('.trailer button').exists()).toBe(false)
  })
})

describe('what is said of a course', () => {
  it('stands in the tab that the address names', async () => {
    const details = '<h3>Aims</h3><p>Sail.</p>'
    fakeApi({ ...wholeApi(), 'course/actual/7/': course({ details, rating: 4.5, reviews: 2 }) })
    const { wrapper, router } = await mountPage('/courses/7')
    expect(wrapper.get('.rich').text()).toContain('Sail.')
    expect(wrapper.get('.hero [role="img"]').attributes('aria-label')).toBe('4.5 星，满分 5 星')
    await wrapper.get('[role="tab"]:nth-of-type(2)').trigger('click')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ tab: 'chapters' })
  })
})
