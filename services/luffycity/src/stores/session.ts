import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { isMomentary } from '@/api/client'
import { useCredentials } from '@/api/credentials'
import { ApiError } from '@/api/errors'
import { logInByCode, logInByPassword, logOut, refreshLogin, type Login } from '@/api/logins'
import { usePhoneStore } from './phone'

export interface Person {
  username: string
  /** The name that is shown. */
  name: string
  icon: string | null
}

/**
 * Set while somebody is logged in with this browser, so that guests need not ask the API, which
 * alone can read the cookie. Its change tells the other tabs.
 */
const MARK = 'luffy.signedIn'
const LOCK = 'luffy.refresh'
/**
 * Pauses before the cookie is shown once more. A refused one may have been exchanged at the same
 * moment, by another tab or by this page before it was reloaded: its successor is here by then.
 */
const TRY_AGAIN_MS = [500, 1_500]

/** Who is here. The access token lives in memory alone, for as long as the page does. */
export const useSessionStore = defineStore('session', () => {
  const person = shallowRef<Person | null>(null)
  const failure = shallowRef<ApiError | null>(null)
  /** Whether it is known who is here, or that it could not be found out. */
  const known = ref(false)
  const signedIn = computed(() => person.value !== null)
  /** Whether who was here left by their own wish, and in this tab. */
  const leftByChoice = ref(false)

  let token: string | null = null
  let refreshing: Promise<void> | null = null
  let mark: string | null = null
  /** Counts the changes of who is here: what an exchange brings that began before one is too late. */
  let turn = 0

  function adopt({ token: given, username, name, icon }: Login): void {
    turn++
    token = given
    person.value = { username, name, icon }
    failure.value = null
    leftByChoice.value = false
    known.value = true
  }

  function forget(): void {
    turn++
    token = null
    person.value = null
    failure.value = null
    known.value = true
  }

  async function signInByPassword(username: string, password: string): Promise<void> {
    adopt(await logInByPassword(username, password))
    setMark()
  }

  async function signInByCode(mobile: string, code: string): Promise<void> {
    adopt(await logInByCode(mobile, code))
    setMark()
  }

  /** Takes over what an answer gave that ended every other login, as a change of password does. */
  function takeOver(login: Login): void {
    adopt(login)
    setMark()
  }

  /** Logs out, here and in the other tabs. @throws {ApiError} when the API did not do it */
  async function signOut(): Promise<void> {
    await logOut()
    leave()
  }

  /** Forgets who was here by their own wish, as after they deleted their account. */
  function leave(): void {
    leftByChoice.value = true
    usePhoneStore().forget()
    end()
  }

  function end(): void {
    forget()
    mark = null
    write(null)
  }

  /** Shows another name or picture. */
  function show(change: Partial<Person>): void {
    if (person.value) person.value = { ...person.value, ...change }
  }

  /** Finds out who is here; the requests that need to know wait for it. */
  function restore(): Promise<void> {
    mark = read()
    if (mark === null) {
      forget()
      return Promise.resolve()
    }
    return refresh()
  }

  /** Waits until it is known who is here. */
  async function ready(): Promise<void> {
    if (!known.value) await (refreshing ?? restore())
  }

  function refresh(): Promise<void> {
    refreshing ??= exchange().finally(() => {
      refreshing = null
    })
    return refreshing
  }

  async function exchange(): Promise<void> {
    const begun = turn
    const before = read()
    const outcome = await oneTabAtATime(refreshPatiently).catch((error: unknown) => {
      if (error instanceof ApiError) return error
      throw error
    })
    if (turn !== begun) return
    const now = read()
    if (now !== before) {
      // Another tab logged in or out meanwhile, so this was about a cookie of before.
      mark = now
      return now === null ? forget() : exchange()
    }
    if (!(outcome instanceof ApiError)) return adopt(outcome)
    if (outcome.kind === 'signed_out') return end()
    // The API could not be asked: whoever was here still is, as far as anybody knows.
    known.value = true
    failure.value = outcome
  }

  function setMark(): void {
    mark = `${Date.now()}-${Math.random()}`
    write(mark)
  }

  /** Follows what another tab did: logged in, out, or in as somebody else. */
  function follow(): void {
    const now = read()
    if (now === mark) return
    mark = now
    if (now === null) forget()
    else void refresh()
  }

  const listeners = {
    storage: ({ key }: StorageEvent) => {
      if (key === MARK || key === null) follow()
    },
    // A page that was put aside heard nothing in the meantime.
    pageshow: ({ persisted }: PageTransitionEvent) => {
      if (persisted) follow()
    },
    online: () => {
      if (failure.value) void restore()
    },
  }
  addEventListener('storage', listeners.storage)
  addEventListener('pageshow', listeners.pageshow)
  addEventListener('online', listeners.online)
  onScopeDispose(() => {
    removeEventListener('storage', listeners.storage)
    removeEventListener('pageshow', listeners.pageshow)
    removeEventListener('online', listeners.online)
  })

  useCredentials({
    async token() {
      await ready()
      return token
    },
    async renew(refused) {
      // Somebody else's request may have renewed it already.
      if (token === refused) await refresh()
      if (token !== refused) return token
      if (failure.value) throw failure.value
      return null
    },
  })

  return {
    person,
    signedIn,
    known,
    failure,
    leftByChoice,
    signInByPassword,
    signInByCode,
    takeOver,
    signOut,
    leave,
    show,
    restore,
    ready,
  }
})

/** Browsers have locks over HTTPS and on loopback alone; without them the tries above have to do. */
function oneTabAtATime(work: () => Promise<Login>): Promise<Login> {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work()
}

async function refreshPatiently(): Promise<Login> {
  for (const pause_ms of TRY_AGAIN_MS) {
    try {
      return await refreshLogin()
    } catch (error) {
      const refused = error instanceof ApiError && error.kind === 'signed_out'
      if (!refused && !isMomentary(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, pause_ms))
    }
  }
  return refreshLogin()
}

function read(): string | null {
  try {
    return localStorage.getItem(MARK)
  } catch {
    return null // storage is blocked in this browser: the login ends with the page
  }
}

function write(mark: string | null): void {
  try {
    if (mark === null) localStorage.removeItem(MARK)
    else localStorage.setItem(MARK, mark)
  } catch (error) {
    console.error('This browser remembers nothing: the login ends with the page', error)
  }
}
