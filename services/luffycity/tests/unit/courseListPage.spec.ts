import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { course, failing, fakeApi, page, wholeApi } from './fakeApi'
import { mountPage } from './mountPage'

const many = { ...page(...Array.from({ length: 12 }, (_, id) => course({ id: id + 1 }))), count: 30 }

describe('the course list', () => {
  it('shows what the address asks for, and marks the choices', async () => {
    const requests = fakeApi({ ...wholeApi(), 'course/actual/': many })
    const { wrapper } = await mountPage('/courses?category=2&ordering=price&page=2')
    expect(requests).toContain(
      'course/actual/?page=2&page_size=12&ordering=price&course_category=2',
    )
    expect(wrapper.get('h1').text()).toBe('Linux')
    expect(wrapper.findAll('article')).toHaveLength(12)
    expect(wrapper.text()).toContain('共 30 门课程')
    const current = wrapper.findAll('[aria-current]').map((one) => one.text())
    expect(current).toEqual(expect.arrayContaining(['Linux', '价格从低到高', '2']))
  })

  it('keeps the other filters when one is changed, and starts at the first page', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': many })
    const { wrapper, router } = await mountPage('/courses?category=2&page=2')
    await wrapper.findAll('a').find((link) => link.text() === '人气最高')?.trigger('click')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ category: '2', ordering: '-students' })
  })

  it('links to its pages', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': many })
    const { wrapper } = await mountPage('/courses?ordering=price')
    const pages = wrapper.findAll('nav[aria-label="分页"] a').map((one) => one.attributes('href'))
    expect(pages).toEqual([
      '/courses?ordering=price',
      '/courses?ordering=price&page=2',
      '/courses?ordering=price&page=3',
      '/courses?ordering=price&page=2',
    ])
  })

  it('has an empty state, with a way out of the category', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': page() })
    const { wrapper } = await mountPage('/courses?category=1')
    expect(wrapper.text()).toContain('没有符合条件的课程')
    expect(wrapper.get('main .button').attributes('href')).toBe('/courses')
  })

  it('leads back from a page that does not exist', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': failing(404) })
    const { wrapper } = await mountPage('/courses?ordering=price&page=99')
    expect(wrapper.text()).toContain('没有这一页')
    expect(wrapper.get('main .button').attributes('href')).toBe('/courses?ordering=price')
  })

  it('asks for a price, marks it, and keeps it when the order is changed', async () => {
    const requests = fakeApi({ ...wholeApi(), 'course/actual/': many })
    const { wrapper, router } = await mountPage('/courses?min_price=100&max_price=300')
    expect(requests).toContain('course/actual/?page=1&page_size=12&min_price=100&max_price=300')
    const current = wrapper.findAll('[aria-current]').map((one) => one.text())
    expect(current).toContain('100–300 元')
    await wrapper.findAll('a').find((link) => link.text() === '人气最高')?.trigger('click')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({
      min_price: '100',
      max_price: '300',
      ordering: '-students',
    })
  })

  it('leaves one price for another', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': many })
    const { wrapper, router } = await mountPage('/courses?min_price=100&max_price=300')
    await wrapper.findAll('a').find((link) => link.text() === '免费')?.trigger('click')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ free: 'true' })
  })

  it('tells that there is no such category', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': failing(400) })
    const { wrapper } = await mountPage('/courses?category=99')
    expect(wrapper.text()).toContain('这些条件不能用')
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
  })

  it('shows the courses even when the categories fail', async () => {
    fakeApi({ ...wholeApi(), 'course/category/': failing(500) })
    const { wrapper } = await mountPage('/courses')
    expect(wrapper.findAll('article')).toHaveLength(1)
  })

  it('fetches again when it is asked to after a failure', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/': failing(500) })
    const { wrapper } = await mountPage('/courses')
    fakeApi(wholeApi())
    await wrapper.get('[role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.findAll('article')).toHaveLength(1)
  })

  it.each([
    ['/actual-course', '/courses'],
    ['/free-course', '/courses?free=true'],
    ['/actual/detail/7', '/courses/7'],
  ])('is found where older sites of this kind had it: %s', async (old, now) => {
    fakeApi(wholeApi())
    const { router } = await mountPage(old)
    expect(router.currentRoute.value.fullPath).toBe(now)
  })
})
