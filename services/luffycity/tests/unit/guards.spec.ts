import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { failing, fakeApi, login, refusing, signedIn, wholeApi } from './fakeApi'
import { arrived, mountPage, type Page } from './mountPage'

const profile = {
  'user/profile/': { code: 100, result: { username: 'nami', name: 'Nami', mobile: null, icon: null } },
}

function whereabouts(router: Page['router']) {
  return router.currentRoute.value.fullPath
}

describe('a page for who is logged in', () => {
  it('asks a guest to log in, and knows where to go on', async () => {
    fakeApi(wholeApi())
    const { router } = await mountPage('/my/profile?a=1')
    expect(whereabouts(router)).toBe('/login?next=/my/profile?a=1')
  })

  it('opens for who is logged in', async () => {
    fakeApi({ ...signedIn(), ...profile })
    const { router } = await mountPage('/my/profile')
    expect(whereabouts(router)).toBe('/my/profile')
  })

  it('says that the API cannot be asked who is here, and opens once it can', async () => {
    fakeApi({ ...signedIn(), 'POST user/token/refresh/': failing(500) })
    const { wrapper, router } = await mountPage('/my/profile')
    expect(whereabouts(router)).toBe('/my/profile')
    expect(wrapper.find('h1').exists()).toBe(false)
    fakeApi({ ...signedIn(), ...profile })
    await wrapper.get('main [role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.get('h1').text()).toBe('个人资料')
  })

  it('is left for the login when the login ends in another tab', async () => {
    fakeApi({ ...wholeApi(), ...signedIn(), ...profile })
    const page = await mountPage('/my/profile')
    localStorage.removeItem('luffy.signedIn')
    dispatchEvent(new StorageEvent('storage', { key: 'luffy.signedIn' }))
    await arrived(page, '/login?next=/my/profile')
  })

  it('begins anew when somebody else logs in, in another tab', async () => {
    const requests = fakeApi({ ...signedIn(), ...profile })
    await mountPage('/my/profile')
    fakeApi({
      'POST user/token/refresh/': { ...login, username: 'zoro', name: 'Zoro' },
      'user/profile/': () => {
        requests.push('of the other')
        return { code: 100, result: { username: 'zoro', mobile: null } }
      },
    })
    localStorage.setItem('luffy.signedIn', 'b')
    dispatchEvent(new StorageEvent('storage', { key: 'luffy.signedIn' }))
    await flushPromises()
    expect(requests.at(-1)).toBe('of the other')
  })
})

describe('a page for guests', () => {
  it('opens for them', async () => {
    fakeApi(wholeApi())
    const { router } = await mountPage('/login?next=/courses')
    expect(whereabouts(router)).toBe('/login?next=/courses')
  })

  it.each([
    ['/login?next=/courses', '/courses'],
    ['/register', '/'],
  ])('%s sends who is logged in on to %s', async (page, where) => {
    fakeApi({ ...wholeApi(), ...signedIn() })
    const { router } = await mountPage(page)
    expect(whereabouts(router)).toBe(where)
  })

  it('opens for who was logged in until now', async () => {
    fakeApi({ ...signedIn(), 'POST user/token/refresh/': refusing(401, 'refresh_refused') })
    const { router } = await mountPage('/login')
    expect(whereabouts(router)).toBe('/login')
  })
})
