import { describe, expect, it, vi } from 'vitest'
import { failing, fakeApi, never, refusing } from './fakeApi'
import { good, learningApi, myCourse } from './learningApi'
import { arrived, mountPage } from './mountPage'
import { signIn } from './person'

function mine(...results: unknown[]) {
  return good({ count: results.length, next: null, previous: null, results })
}

async function opened(answer: unknown, path = '/my/courses') {
  signIn()
  const requests = fakeApi({ ...learningApi(), 'learning/courses/': answer })
  return { requests, ...(await mountPage(path)) }
}

describe('my courses', () => {
  it('tell how far I came, and lead to where I left off', async () => {
    const { wrapper } = await opened(mine({ ...myCourse, done: 1, percent: 50, position: 12 }))
    expect(wrapper.get('progress').attributes('value')).toBe('50')
    expect(wrapper.text()).toContain('1 / 2 课时')
    expect(wrapper.text()).toContain('接下来：Relations')
    const way = wrapper.get('article a.button')
    expect(way.text()).toContain('继续学习')
    expect(way.attributes('href')).toBe('/learn/7/12')
    expect(wrapper.text()).not.toContain('证书查询 证书')
  })

  it.each([
    ['begun', { done: 0, position: 0 }, '开始学习'],
    ['done', { done: 2, percent: 100 }, '再看一遍'],
  ])('that are not %s or all done say so', async (_, change, words) => {
    const { wrapper } = await opened(mine({ ...myCourse, ...change }))
    expect(wrapper.get('article a.button').text()).toContain(words)
  })

  it('bring the certificate once all is done', async () => {
    const certificate = { code: 'ABCDE', name: 'Ada', course: 'Django', issued: '2026-01-02T03:04:05Z' }
    const page = await opened(mine({ ...myCourse, done: 2, percent: 100 }))
    fakeApi({
      ...learningApi(),
      'POST learning/certificate/': good(certificate),
      'learning/certificate/ABCDE/': good(certificate),
    })
    await page.wrapper.get('article button').trigger('click')
    await arrived(page, '/certificate/ABCDE')
  })

  it('show the certificate that there is', async () => {
    const { wrapper } = await opened(mine({ ...myCourse, done: 2, percent: 100, certificate: 'ABCDE' }))
    const links = wrapper.findAll('article a').map((link) => link.attributes('href'))
    expect(links).toContain('/certificate/ABCDE')
  })

  it('say why there is no certificate yet', async () => {
    const { wrapper } = await opened(mine({ ...myCourse, done: 2, percent: 100 }))
    fakeApi({ ...learningApi(), 'POST learning/certificate/': refusing(409, 'not_complete') })
    await wrapper.get('article button').trigger('click')
    await vi.waitFor(() => expect(wrapper.text()).toContain('还有课时没有学完'))
  })

  it('have an empty state, with a way to the courses', async () => {
    const { wrapper } = await opened(mine())
    expect(wrapper.text()).toContain('你还没有报名课程')
    expect(wrapper.get('main .button').attributes('href')).toBe('/courses')
  })

  it('have pages', async () => {
    const { wrapper, requests } = await opened(
      good({ count: 30, results: [myCourse] }),
      '/my/courses?page=2',
    )
    expect(requests).toContain('learning/courses/?page=2&page_size=12')
    const pages = wrapper.findAll('nav[aria-label="分页"] a').map((one) => one.attributes('href'))
    expect(pages).toEqual([
      '/my/courses',
      '/my/courses',
      '/my/courses?page=2',
      '/my/courses?page=3',
      '/my/courses?page=3',
    ])
  })

  it('lead back from a page that does not exist', async () => {
    const { wrapper } = await opened(failing(404), '/my/courses?page=9')
    expect(wrapper.text()).toContain('没有这一页')
  })

  it('can be fetched again after a failure, and show where they will be meanwhile', async () => {
    const { wrapper } = await opened(failing(500))
    fakeApi({ ...learningApi(), 'learning/courses/': never })
    await wrapper.get('[role="alert"] button').trigger('click')
    expect(wrapper.get('[role="alert"] button').attributes('aria-disabled')).toBe('true')
  })
})
