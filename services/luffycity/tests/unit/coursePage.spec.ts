import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { course, failing, fakeApi, never, wholeApi } from './fakeApi'
import { mountPage } from './mountPage'

const robots = () => document.head.querySelector<HTMLMetaElement>('meta[name="robots"]')?.content

describe('the page of a course', () => {
  it('shows price, chapters and teacher, and marks the lessons that are free', async () => {
    fakeApi(wholeApi())
    const { wrapper, router } = await mountPage('/courses/7')
    expect(wrapper.get('h1').text()).toBe('Django')
    expect(wrapper.text()).toContain('¥199')
    expect(wrapper.text()).toContain('已更新 5 / 共 7 课时')
    const lessons = wrapper.findAll('details li').map((lesson) => lesson.text())
    expect(lessons).toEqual([
      expect.stringContaining('免费试学'),
      expect.stringContaining('Relations'),
    ])
    const links = wrapper.findAll('details li a').map((link) => link.attributes('href'))
    expect(links).toEqual(['/learn/7/11'])
    await router.push('/courses/7?tab=teacher')
    await flushPromises()
    expect(wrapper.text()).toContain('Make it run')
    expect(document.title).toBe('Django · Luffy 课堂')
    expect(robots()).toBeUndefined()
  })

  it.each([
    ['0.00', '免费'],
    ['99.00', '¥99'],
    ['99.50', '¥99.50'],
    ['123456.00', '¥123,456'],
  ])('writes the price %s as %s', async (price, words) => {
    fakeApi({ ...wholeApi(), 'course/actual/7/': course({ price }) })
    const { wrapper } = await mountPage('/courses/7')
    expect(wrapper.get('.price').text()).toBe(words)
  })

  it('does without teacher, picture and chapters', async () => {
    const bare = { id: 7, name: 'Bare', price: '1.00', teacher: null, course_img: null }
    fakeApi({ ...wholeApi(), 'course/actual/7/': bare, 'course/chapter/': [] })
    const { wrapper } = await mountPage('/courses/7')
    expect(wrapper.get('h1').text()).toBe('Bare')
    expect(wrapper.text()).toContain('课程目录正在整理中')
    expect(wrapper.find('aside').exists()).toBe(false)
  })

  it('is "not found" for a course that is not there, and kept out of search engines', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/9/': failing(404), 'course/chapter/': failing(404) })
    const { wrapper, router } = await mountPage('/courses/9')
    expect(wrapper.get('h1').text()).toBe('页面走丢了')
    expect(robots()).toBe('noindex')
    await router.push('/')
    await flushPromises()
    expect(robots()).toBeUndefined()
  })

  it('shows the course when only its chapters fail, and fetches those again', async () => {
    fakeApi({ ...wholeApi(), 'course/chapter/': failing(500) })
    const { wrapper } = await mountPage('/courses/7')
    expect(wrapper.get('h1').text()).toBe('Django')
    const requests = fakeApi(wholeApi())
    await wrapper.get('[role="alert"] button').trigger('click')
    await flushPromises()
    expect(requests).toEqual(['course/chapter/?course_id=7'])
    expect(wrapper.findAll('details')).toHaveLength(1)
  })

  it('shows where things will be while it is on its way', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/7/': never, 'course/chapter/': never })
    const { wrapper } = await mountPage('/courses/7')
    expect(wrapper.find('[aria-busy="true"]').exists()).toBe(true)
    expect(wrapper.find('h1').exists()).toBe(false)
  })
})

describe('an address without a page', () => {
  it.each([
    ['/courses/0'],
    ['/courses/abc'],
    ['/courses/7/x'],
    ['/courses/99999999999'],
    ['/%3Cscript%3E'],
    ['/a/b/c'],
  ])('%s says so, and offers ways on', async (path) => {
    fakeApi({})
    const { wrapper } = await mountPage(path)
    expect(wrapper.get('h1').text()).toBe('页面走丢了')
    expect(wrapper.findAll('main a').map((link) => link.attributes('href'))).toEqual(['/', '/courses'])
    expect(robots()).toBe('noindex')
  })
})
