import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { useEnrolmentsStore } from '@/stores/enrolments'
import { useSessionStore } from '@/stores/session'
import { failing, fakeApi, refusing } from './fakeApi'
import { enrolments, personApi, signIn } from './person'

beforeEach(() => {
  setActivePinia(createPinia())
})

describe('enrolments', () => {
  it('are nobody’s business for a guest', async () => {
    const requests = fakeApi({})
    const store = useEnrolmentsStore()
    await useSessionStore().restore()
    expect(requests).toEqual([])
    expect(store.has(7)).toBe(false)
  })

  it('are those of all pages', async () => {
    signIn()
    const all = Array.from({ length: 60 }, (_, index) => ({ id: index + 1, name: 'Course' }))
    const requests = fakeApi({
      ...personApi(),
      'learning/courses/': (query: URLSearchParams) => {
        const end = Number(query.get('page')) * 50
        return { code: 100, result: { count: 60, results: all.slice(end - 50, end) } }
      },
    })
    const store = useEnrolmentsStore()
    await useSessionStore().restore()
    await flushPromises()
    expect(store.has(1) && store.has(60)).toBe(true)
    expect(requests.filter((one) => one.startsWith('learning/'))).toHaveLength(2)
  })

  it('go with the person, and come with the next one', async () => {
    signIn()
    fakeApi({ ...personApi(), 'learning/courses/': enrolments(7) })
    const store = useEnrolmentsStore()
    const session = useSessionStore()
    await session.restore()
    await flushPromises()
    expect(store.has(7)).toBe(true)
    session.leave()
    expect(store.has(7)).toBe(false)
    fakeApi({ 'learning/courses/': enrolments(8) })
    session.takeOver({ token: 't2', username: 'bo', name: 'Bo', icon: null })
    expect(store.has(7)).toBe(false)
    await flushPromises()
    expect(store.has(8)).toBe(true)
  })

  it('hold a free course as soon as it is taken', async () => {
    signIn()
    const taken: number[] = []
    fakeApi({
      ...personApi(),
      'learning/courses/': () => enrolments(...taken),
      'POST learning/enrol/': () => {
        taken.push(6)
        return { code: 100, msg: 'ok', result: { course: 6, new: true } }
      },
    })
    const store = useEnrolmentsStore()
    await useSessionStore().restore()
    await store.take(6)
    expect(store.has(6)).toBe(true)
  })

  it('tell why a course cannot be taken, and what could not be fetched', async () => {
    signIn()
    fakeApi({
      ...personApi(),
      'learning/courses/': failing(500),
      'POST learning/enrol/': refusing(409, 'not_free'),
    })
    const store = useEnrolmentsStore()
    await useSessionStore().restore()
    await expect(store.take(7)).rejects.toMatchObject({ word: 'not_free' })
    await flushPromises()
    expect(store.courses).toMatchObject({ status: 'error', data: null })
  })
})
