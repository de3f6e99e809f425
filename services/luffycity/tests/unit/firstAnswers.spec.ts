import * as v from 'valibot'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeApi } from './fakeApi'

const schema = v.object({ id: v.number() })

function sent(answers: object, language = 'zh-CN'): void {
  const script = document.createElement('script')
  script.type = 'application/json'
  script.id = 'first-answers'
  script.textContent = JSON.stringify({ language, answers })
  document.head.append(script)
}

/** They are read when the app begins. */
async function begin() {
  const [client, answers] = await Promise.all([import('@/api/client'), import('@/api/firstAnswers')])
  const ask = (query = {}) => client.getJson('thing/', schema, { query, anonymous: true })
  return { ...client, ...answers, ask }
}

beforeEach(() => vi.resetModules())

describe('the answers that came with the page', () => {
  it('are given out once, and asked for from then on', async () => {
    const requests = fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/?page=1': { id: 1 } })
    const { ask } = await begin()
    await expect(ask({ page: 1 })).resolves.toEqual({ id: 1 })
    expect(requests).toEqual([])
    await expect(ask({ page: 1 })).resolves.toEqual({ id: 7 })
    expect(requests).toEqual(['thing/?page=1'])
  })

  it('are those to the same question alone', async () => {
    const requests = fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/?page=1': { id: 1 } })
    const { ask } = await begin()
    await expect(ask({ page: 2 })).resolves.toEqual({ id: 7 })
    expect(requests).toHaveLength(1)
  })

  it('are nobody’s own: what is asked as somebody is asked', async () => {
    const requests = fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/': { id: 1 } })
    const { getJson } = await begin()
    await expect(getJson('thing/', schema)).resolves.toEqual({ id: 7 })
    expect(requests).toHaveLength(1)
  })

  it('are left alone by who reads another language', async () => {
    fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/': { id: 1 } }, 'en')
    const { ask } = await begin()
    await expect(ask()).resolves.toEqual({ id: 7 })
  })

  it('are forgotten when another page is opened', async () => {
    fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/': { id: 1 } })
    const { ask, forgetFirstAnswers } = await begin()
    forgetFirstAnswers()
    await expect(ask()).resolves.toEqual({ id: 7 })
  })

  it('are not believed when a browser shows a page of before', async () => {
    vi.spyOn(performance, 'getEntriesByType').mockReturnValue([
      { type: 'back_forward' } as PerformanceNavigationTiming,
    ])
    fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/': { id: 1 } })
    const { ask } = await begin()
    await expect(ask()).resolves.toEqual({ id: 7 })
  })

  it('are checked like any other', async () => {
    fakeApi({ 'thing/': { id: 7 } })
    sent({ 'thing/': { id: 'one' } })
    const { ask } = await begin()
    await expect(ask()).rejects.toMatchObject({ kind: 'garbage' })
  })
})
