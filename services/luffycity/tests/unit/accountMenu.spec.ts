import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { failing, fakeApi, login, never, signedIn, wholeApi } from './fakeApi'
import { arrived, mountPage, type Page } from './mountPage'

const trigger = ({ wrapper }: Page) => wrapper.get<HTMLElement>('header button[aria-expanded]')
const entries = () => [...document.querySelectorAll<HTMLElement>('header .person .entry')]
const isOpen = (page: Page) => trigger(page).attributes('aria-expanded') === 'true'

async function open(page: Page) {
  await trigger(page).trigger('click')
  expect(isOpen(page)).toBe(true)
}

async function choose(text: string) {
  const entry = entries().find((one) => one.textContent?.trim() === text) ?? expect.fail(`no entry ${text}`)
  entry.click()
  await flushPromises()
}

describe('the header', () => {
  it.each([
    ['/courses?free=true', '/login?next=/courses?free%3Dtrue'],
    ['/login?next=/cart', '/login?next=/cart'],
  ])('leads a guest at %s to the login and back', async (path, href) => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage(path)
    expect(decodeURIComponent(wrapper.get('header .login').attributes('href') ?? '')).toBe(
      decodeURIComponent(href),
    )
  })

  it('shows nothing wrong while it is not known who is here', async () => {
    fakeApi({ ...wholeApi(), ...signedIn(), 'POST user/token/refresh/': never })
    const { wrapper } = await mountPage('/')
    expect(wrapper.get('header .login').classes()).toContain('unknown')
  })

  it('shows an initial where there is no picture, or it is gone', async () => {
    fakeApi({
      ...wholeApi(),
      ...signedIn(),
      'POST user/token/refresh/': { ...login, icon: '/media/icon/a.webp' },
    })
    const page = await mountPage('/courses')
    await vi.waitFor(() => trigger(page).get('img'))
    await trigger(page).get('img').trigger('error')
    expect(trigger(page).text()).toBe('N')
  })
})

describe('the menu', () => {
  it('leads to what is one’s own', async () => {
    fakeApi({ ...wholeApi(), ...signedIn() })
    const page = await mountPage('/courses')
    await vi.waitFor(() => trigger(page))
    await open(page)
    expect(entries().map((one) => one.textContent?.trim())).toEqual([
      '我的课程',
      '我的订单',
      '个人资料',
      '退出登录',
    ])
  })

  it.each([
    ['another press on its button', (page: Page) => trigger(page).trigger('click')],
    ['Escape', (page: Page) => trigger(page).trigger('keydown', { key: 'Escape' })],
    ['a press elsewhere', ({ wrapper }: Page) => wrapper.get('main').trigger('pointerdown')],
    ['the focus that goes elsewhere', (page: Page) => trigger(page).trigger('focusout')],
    ['the page it leads to', () => choose('我的课程')],
  ])('is closed by %s', async (_, leave) => {
    fakeApi({ ...wholeApi(), ...signedIn() })
    const page = await mountPage('/courses')
    await vi.waitFor(() => trigger(page))
    await open(page)
    await leave(page)
    expect(isOpen(page)).toBe(false)
  })

  it('stays while the focus moves within', async () => {
    fakeApi({ ...wholeApi(), ...signedIn() })
    const page = await mountPage('/courses')
    await vi.waitFor(() => trigger(page))
    await open(page)
    await trigger(page).trigger('focusout', { relatedTarget: entries()[0] })
    expect(isOpen(page)).toBe(true)
  })

  it('logs out, stays on a page for everybody, and leaves the focus at the login', async () => {
    fakeApi({ ...wholeApi(), ...signedIn(), 'POST user/logout/': { code: 100 } })
    const page = await mountPage('/courses')
    await vi.waitFor(() => trigger(page))
    await open(page)
    await choose('退出登录')
    await vi.waitFor(() => expect(document.activeElement?.textContent?.trim()).toBe('登录'))
    expect(page.router.currentRoute.value.fullPath).toBe('/courses')
    // What shows notices is loaded with the first one.
    await vi.waitFor(() => expect(page.wrapper.text()).toContain('已退出登录。'))
  })

  it('logs out of one’s own pages to the front page', async () => {
    fakeApi({
      ...wholeApi(),
      ...signedIn(),
      'user/profile/': { code: 100, result: { username: 'nami' } },
      'POST user/logout/': { code: 100 },
    })
    const page = await mountPage('/my/profile')
    await open(page)
    await choose('退出登录')
    await arrived(page, '/')
  })

  it('says that logging out failed, and one still is logged in', async () => {
    fakeApi({ ...wholeApi(), ...signedIn(), 'POST user/logout/': failing(500) })
    const page = await mountPage('/courses')
    await vi.waitFor(() => trigger(page))
    await open(page)
    await choose('退出登录')
    await vi.waitFor(() => expect(page.wrapper.text()).toContain('课程服务出了问题'))
    trigger(page)
  })
})
