import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useCredentials } from '@/api/credentials'
import { ApiError } from '@/api/errors'
import { logInByCode, logInByPassword, logOut, refreshLogin, type Login } from '@/api/logins'

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
/** Another tab exchanged the cookie at the same moment; its successor is here by then. */
const SECOND_TRY_MS = 500

/** Who is here. The access token lives in memory alone, for as long as the page does. */
export const useSessionStore = defineStore('session', () => {
  const person = shallowRef<Person | null>(null)
  const failure = shallowRef<ApiError | null>(null)
  /** Whether it is known who is here, or that it could not be found out. */
  const known = ref(false)
  const signedIn = computed(() => person.value !== null)

  let token: string | null = null
  let refreshing: Promise<void> | null = null
  let mark: string | null = null

  function adopt({ token: given, username, name, icon }: Login): void {
    token = given
    person.value = { username, name, icon }
    failure.value = null
    known.value = true
  }

  function forget(): void {
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

  /** Forgets who was here, as after their account was deleted. */
  function leave(): void {
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
    try {
      adopt(await oneTabAtATime(exchangeTwice))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.kind === 'signed_out') return leave()
      // The API could not be asked: whoever was here still is, as far as anybody knows.
      known.value = true
      failure.value = error
    }
  }

  function setMark(): void {
    mark = `${Date.now()}-${Math.random()}`
    write(mark)
  }

  // Another tab logged in, out, or in as somebody else.
  addEventListener('storage', ({ key }) => {
    if (key !== MARK && key !== null) return
    const now = read()
    if (now === mark) return
    mark = now
    if (now === null) forget()
    else void refresh()
  })

  useCredentials({
    async token() {
      await ready()
      return token
    },
    async renew(refused) {
      // Somebody else's request may have renewed it already.
      if (token === refused) await refresh()
      return token === refused ? null : token
    },
  })

  return {
    person,
    signedIn,
    known,
    failure,
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

/** Browsers have locks over HTTPS and on loopback alone; without them the second try has to do. */
function oneTabAtATime(work: () => Promise<Login>): Promise<Login> {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work()
}

async function exchangeTwice(): Promise<Login> {
  try {
    return await refreshLogin()
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== 'signed_out') throw error
    await new Promise((resolve) => setTimeout(resolve, SECOND_TRY_MS))
    return refreshLogin()
  }
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
