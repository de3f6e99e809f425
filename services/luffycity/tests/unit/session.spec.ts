import { flushPromises } from '@vue/test-utils'
import { createPinia, disposePinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as v from 'valibot'
import { getResult } from '@/api/client'
import { useSessionStore } from '@/stores/session'
import { failing, fakeApi, refusing, type Sent } from './fakeApi'

const MARK = 'luffy.signedIn'
const refused = refusing(401, 'refresh_refused')

let pinias: Pinia[] = []

/** A page that was just opened: it knows nothing but what the browser remembers. */
function openPage() {
  const pinia = createPinia()
  pinias.push(pinia)
  setActivePinia(pinia)
  return useSessionStore()
}

function login(token: string, name = 'Nami') {
  return { code: 100, msg: 'ok', token, username: name.toLowerCase(), name, icon: null }
}

/** Another tab changes the mark, and the browser tells this one. */
function otherTab(mark: string | null) {
  if (mark === null) localStorage.removeItem(MARK)
  else localStorage.setItem(MARK, mark)
  dispatchEvent(new StorageEvent('storage', { key: MARK }))
}

function askAsSomebody() {
  return getResult('thing/', v.string())
}

beforeEach(() => vi.useFakeTimers())

afterEach(() => {
  pinias.forEach(disposePinia)
  pinias = []
})

describe('opening a page', () => {
  it('asks nothing for a guest', async () => {
    const requests = fakeApi({})
    const session = openPage()
    await session.restore()
    expect(session).toMatchObject({ known: true, signedIn: false, failure: null })
    expect(requests).toEqual([])
  })

  it('finds who is logged in with this browser', async () => {
    localStorage.setItem(MARK, 'a')
    const requests = fakeApi({ 'POST user/token/refresh/': login('t1') })
    const session = openPage()
    await session.ready()
    expect(session.person).toEqual({ username: 'nami', name: 'Nami', icon: null })
    expect(requests).toEqual(['POST user/token/refresh/'])
  })

  it('asks once for all who wait', async () => {
    localStorage.setItem(MARK, 'a')
    const requests = fakeApi({ 'POST user/token/refresh/': login('t1') })
    const session = openPage()
    void session.restore()
    await Promise.all([session.ready(), session.ready()])
    expect(requests).toHaveLength(1)
  })

  it('goes on as a guest, and remembers it, when the login is over', async () => {
    localStorage.setItem(MARK, 'a')
    const requests = fakeApi({ 'POST user/token/refresh/': refused })
    const session = openPage()
    const restored = session.restore()
    await vi.runAllTimersAsync()
    await restored
    expect(session).toMatchObject({ known: true, signedIn: false, failure: null })
    expect(localStorage.getItem(MARK)).toBeNull()
    expect(requests).toHaveLength(3)
  })

  it('tries again where the cookie was exchanged at the same moment', async () => {
    localStorage.setItem(MARK, 'a')
    let asked = 0
    fakeApi({ 'POST user/token/refresh/': () => (asked++ ? login('t2') : refused()) })
    const session = openPage()
    const restored = session.restore()
    await vi.runAllTimersAsync()
    await restored
    expect(session.signedIn).toBe(true)
    expect(localStorage.getItem(MARK)).toBe('a')
  })

  it('waits for a service that is gone for a moment', async () => {
    localStorage.setItem(MARK, 'a')
    let asked = 0
    fakeApi({ 'POST user/token/refresh/': () => (asked++ ? login('t2') : failing(503)()) })
    const session = openPage()
    const restored = session.restore()
    await vi.runAllTimersAsync()
    await restored
    expect(session.signedIn).toBe(true)
  })

  it('keeps the login where the API cannot be asked, and asks again once there is a network', async () => {
    localStorage.setItem(MARK, 'a')
    fakeApi({ 'POST user/token/refresh/': failing(500) })
    const session = openPage()
    await session.restore()
    expect(session).toMatchObject({ known: true, signedIn: false, failure: { kind: 'server' } })
    expect(localStorage.getItem(MARK)).toBe('a')

    fakeApi({ 'POST user/token/refresh/': login('t1') })
    dispatchEvent(new Event('online'))
    await flushPromises()
    expect(session).toMatchObject({ signedIn: true, failure: null })
  })
})

describe('a request', () => {
  /** An API that takes the token `good` alone. */
  function taking(good: string, refresh: unknown) {
    return fakeApi({
      'POST user/login/mul_login/': login('t1'),
      'POST user/token/refresh/': refresh,
      'thing/': (_: URLSearchParams, { headers }: Sent) =>
        headers.Authorization === `Bearer ${good}`
          ? { code: 100, msg: 'ok', result: 'thing' }
          : refusing(401, 'token_invalid')(),
    })
  }

  it('renews a token that is over, and is made again', async () => {
    const requests = taking('t2', login('t2'))
    await openPage().signInByPassword('nami', 'x')
    await expect(askAsSomebody()).resolves.toBe('thing')
    expect(requests.slice(1)).toEqual(['thing/', 'POST user/token/refresh/', 'thing/'])
  })

  it('is one of several that renew it once', async () => {
    const requests = taking('t2', login('t2'))
    await openPage().signInByPassword('nami', 'x')
    await Promise.all([askAsSomebody(), askAsSomebody(), askAsSomebody()])
    expect(requests.filter((one) => one.includes('refresh'))).toHaveLength(1)
  })

  it('ends the login where it cannot be renewed', async () => {
    taking('t2', refused)
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    const failed = askAsSomebody().catch((error: unknown) => error)
    await vi.runAllTimersAsync()
    expect(await failed).toMatchObject({ kind: 'signed_out' })
    expect(session.signedIn).toBe(false)
    expect(session.leftByChoice).toBe(false)
  })

  it('says what kept the token from being renewed, and nobody is logged out for it', async () => {
    taking('t2', failing(500))
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    await expect(askAsSomebody()).rejects.toMatchObject({ kind: 'server' })
    expect(session.signedIn).toBe(true)
  })

  it('of a guest is made without a token, and not twice', async () => {
    const requests = taking('t2', login('t2'))
    await openPage().restore()
    await expect(askAsSomebody()).rejects.toMatchObject({ kind: 'signed_out' })
    expect(requests).toEqual(['thing/'])
  })
})

describe('logging out', () => {
  it('tells the API, and the other tabs', async () => {
    fakeApi({ 'POST user/login/mul_login/': login('t1'), 'POST user/logout/': { code: 100 } })
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    expect(localStorage.getItem(MARK)).not.toBeNull()
    await session.signOut()
    expect(session).toMatchObject({ signedIn: false, leftByChoice: true })
    expect(localStorage.getItem(MARK)).toBeNull()
  })

  it('has not happened where the API did not do it', async () => {
    fakeApi({ 'POST user/login/mul_login/': login('t1'), 'POST user/logout/': failing(500) })
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    await expect(session.signOut()).rejects.toMatchObject({ kind: 'server' })
    expect(session.signedIn).toBe(true)
  })

  it('outdates an exchange that was under way', async () => {
    let answer: (login: object) => void = () => expect.fail("nobody asked yet")
    fakeApi({
      'POST user/token/refresh/': () => new Promise((resolve) => (answer = resolve)),
      'POST user/logout/': { code: 100 },
    })
    localStorage.setItem(MARK, 'a')
    const session = openPage()
    const restored = session.restore()
    await flushPromises()
    await session.signOut()
    answer(login('t1'))
    await restored
    expect(session.signedIn).toBe(false)
  })

  it('forgets the phone that was typed', async () => {
    fakeApi({ 'POST user/logout/': { code: 100 } })
    const session = openPage()
    sessionStorage.setItem('luffy.phone', '{"number":"13800000000","waits":{}}')
    await session.signOut()
    expect(sessionStorage.getItem('luffy.phone')).not.toContain('138')
  })
})

describe('another tab', () => {
  it('that logs out takes this one along, which did not choose to', async () => {
    fakeApi({ 'POST user/login/mul_login/': login('t1') })
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    otherTab(null)
    expect(session).toMatchObject({ signedIn: false, leftByChoice: false })
  })

  it('that logs in is followed', async () => {
    fakeApi({ 'POST user/token/refresh/': login('t1', 'Zoro') })
    const session = openPage()
    await session.restore()
    otherTab('b')
    await flushPromises()
    expect(session.person?.name).toBe('Zoro')
  })

  it('that logs in is not logged out by the refusal of the cookie before', async () => {
    localStorage.setItem(MARK, 'a')
    let cookie = 'old'
    fakeApi({ 'POST user/token/refresh/': () => (cookie === 'old' ? refused() : login('t2', 'Zoro')) })
    const session = openPage()
    const restored = session.restore()
    await vi.advanceTimersByTimeAsync(1_999)
    localStorage.setItem(MARK, 'b')
    await vi.advanceTimersByTimeAsync(1)
    cookie = 'new'
    await vi.runAllTimersAsync()
    await restored
    expect(session.person?.name).toBe('Zoro')
    expect(localStorage.getItem(MARK)).toBe('b')
  })

  it('is followed too by a page that was put aside meanwhile', async () => {
    fakeApi({ 'POST user/login/mul_login/': login('t1') })
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    localStorage.removeItem(MARK)
    dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    expect(session.signedIn).toBe(false)
  })

  it('that remembers other things changes nothing', async () => {
    const requests = fakeApi({ 'POST user/login/mul_login/': login('t1') })
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    dispatchEvent(new StorageEvent('storage', { key: 'luffy.theme' }))
    expect(session.signedIn).toBe(true)
    expect(requests).toHaveLength(1)
  })
})

describe('without storage', () => {
  it('a login lasts as long as the page', async () => {
    const blocked = () => {
      throw new DOMException('blocked', 'SecurityError')
    }
    vi.stubGlobal('localStorage', { getItem: blocked, setItem: blocked, removeItem: blocked })
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {})
    fakeApi({ 'POST user/login/mul_login/': login('t1') })
    const session = openPage()
    await session.signInByPassword('nami', 'x')
    expect(session.signedIn).toBe(true)
    expect(complaint).toHaveBeenCalled()
  })
})

it('a refused login leaves everything as it was', async () => {
  fakeApi({ 'POST user/login/sms_login/': refusing(400, 'wrong_code') })
  const session = openPage()
  await session.restore()
  await expect(session.signInByCode('13800000000', '000000')).rejects.toMatchObject({ word: 'wrong_code' })
  expect(session.signedIn).toBe(false)
  expect(localStorage.getItem(MARK)).toBeNull()
})

it('shows another name or picture at once', async () => {
  fakeApi({ 'POST user/login/mul_login/': login('t1') })
  const session = openPage()
  await session.signInByPassword('nami', 'x')
  session.show({ name: 'Cat Burglar', icon: '/media/a.webp' })
  expect(session.person).toEqual({ username: 'nami', name: 'Cat Burglar', icon: '/media/a.webp' })
})
