import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { REQUEST_TIMEOUT_MS } from '@/api/client'
import { course, failing, fakeApi, never, page, wholeApi } from './fakeApi'
import { mountPage, says } from './mountPage'

describe('the front page', () => {
  it('shows banners, categories and courses', async () => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage('/')
    await says('目前没有免费课程')
    expect(wrapper.text()).toContain('Set sail')
    expect(wrapper.text()).toContain('Linux')
    expect(wrapper.findAll('article')).toHaveLength(3) // recommended, newest and popular; none is free
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
    expect(document.title).toBe('Luffy 课堂 · 跟着项目学编程')
  })

  it('shows where things will be while they are on their way', async () => {
    fakeApi(Object.fromEntries(Object.keys(wholeApi()).map((path) => [path, never])))
    const { wrapper } = await mountPage('/')
    await vi.waitFor(() => expect(wrapper.findAll('[aria-busy="true"]')).toHaveLength(4))
    expect(wrapper.findAll('[role="status"]').map((one) => one.text())).toContain('正在加载')
  })

  it('gives one message when everything fails, and recovers when it is asked to', async () => {
    fakeApi(Object.fromEntries(Object.keys(wholeApi()).map((path) => [path, failing(500)])))
    const { wrapper } = await mountPage('/')
    expect(wrapper.findAll('[role="alert"]')).toHaveLength(1)
    expect(wrapper.get('[role="alert"]').text()).toContain('课程服务出了问题')

    fakeApi(wholeApi())
    await wrapper.get('[role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
    expect(wrapper.findAll('article')).toHaveLength(3)
  })

  it('says that the service is slow when it is', async () => {
    vi.useFakeTimers()
    fakeApi(Object.fromEntries(Object.keys(wholeApi()).map((path) => [path, never])))
    const { wrapper } = await mountPage('/')
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT_MS)
    expect(wrapper.get('[role="alert"]').text()).toContain('响应太慢')
  })

  it.each([
    ['an error page in place of JSON', () => new Response('<html>')],
    ['courses without a name', page(course({ name: undefined }))],
    ['something else altogether', [1, 2, 3]],
  ])('keeps the rest when the API answers %s', async (_, answer) => {
    fakeApi({ ...wholeApi(), 'course/actual/': answer })
    const { wrapper } = await mountPage('/')
    expect(wrapper.get('[role="alert"]').text()).toContain('返回的内容不完整')
    expect(wrapper.text()).toContain('Set sail')
  })

  it('has an empty state for a site without anything', async () => {
    fakeApi({
      'home/banner/': { code: 100, msg: '', result: [] },
      'course/category/': [],
      'course/actual/': page(),
    })
    const { wrapper } = await mountPage('/')
    expect(wrapper.find('article').exists()).toBe(false)
    expect(wrapper.text()).toContain('第一批课程正在准备中')
  })

  it('shows what the API names as text, never as markup', async () => {
    const name = '<img src=x onerror=alert(1)>'
    fakeApi({ ...wholeApi(), 'course/actual/': page(course({ name, brief: name })) })
    const { wrapper } = await mountPage('/')
    expect(wrapper.get('article h3').text()).toBe(name)
    expect(wrapper.find('img[src="x"]').exists()).toBe(false)
  })

  it('speaks English when it is asked to, and asks the API again', async () => {
    const requests = fakeApi(wholeApi())
    const { wrapper } = await mountPage('/')
    const before = requests.length
    await wrapper.get('button[lang="en"]').trigger('click')
    await vi.waitFor(() => expect(wrapper.text()).toContain('Recommended'))
    await flushPromises()
    expect(document.title).toBe('Luffy Courses · Learn to code by building')
    expect(requests).toHaveLength(before * 2)
    expect(document.cookie).toContain('luffy_locale=en')
  })

  it('tells when the network is gone and when it is back', async () => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage('/')
    const online = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    dispatchEvent(new Event('offline'))
    await flushPromises()
    expect(wrapper.text()).toContain('当前没有网络连接')
    online.mockReturnValue(true)
    dispatchEvent(new Event('online'))
    await flushPromises()
    expect(wrapper.text()).not.toContain('当前没有网络连接')
  })
})
