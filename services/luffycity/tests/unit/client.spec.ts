import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import { getJson, getResult, REQUEST_TIMEOUT_MS, RETRY_DELAY_MS } from '@/api/client'
import { showLocale } from '@/i18n'
import { failing, fakeApi, never } from './fakeApi'

const schema = v.object({ id: v.number() })
const ask = () => getJson('thing/', schema)

async function failure(promise: Promise<unknown>) {
  return promise.then(
    () => expect.fail('it was expected to fail'),
    (error: unknown) => error,
  )
}

describe('getJson', () => {
  it('gives what the schema describes, and nothing more', async () => {
    fakeApi({ 'thing/': { id: 7, extra: 'x' } })
    await expect(ask()).resolves.toEqual({ id: 7 })
  })

  it('leaves out what is undefined in a query, and escapes the rest', async () => {
    const requests = fakeApi({ 'thing/': { id: 7 } })
    await getJson('thing/', schema, { query: { page: 2, ordering: undefined, q: 'a&b=中' } })
    expect(requests).toEqual(['thing/?page=2&q=a%26b%3D%E4%B8%AD'])
  })

  it('asks in the language of the page', async () => {
    fakeApi({ 'thing/': { id: 7 } })
    await showLocale('en')
    await ask()
    const [, options] = vi.mocked(fetch).mock.calls[0] ?? []
    expect(options?.headers).toMatchObject({ 'Accept-Language': 'en' })
  })

  it.each([
    [400, 'refused'],
    [404, 'not_found'],
    [401, 'signed_out'],
    [429, 'busy'],
    [500, 'server'],
  ])('calls HTTP %i "%s"', async (status, kind) => {
    const requests = fakeApi({ 'thing/': failing(status) })
    expect(await failure(ask())).toMatchObject({ kind, status })
    expect(requests).toHaveLength(1)
  })

  it.each([
    ['no JSON', () => new Response('<h1>Bad gateway</h1>')],
    ['nothing', () => new Response('')],
    ['half an answer', () => new Response('{"id": 7')],
    ['another shape', () => new Response('{"id": "seven"}')],
    ['null', () => new Response('null')],
    ['a list', () => new Response('[]')],
  ])('calls %s garbage', async (_, answer) => {
    fakeApi({ 'thing/': answer })
    expect(await failure(ask())).toMatchObject({ name: 'ApiError', kind: 'garbage' })
  })

  it.each([[502], [503], [504]])('tries once more after HTTP %i', async (status) => {
    vi.useFakeTimers()
    let asked = 0
    const requests = fakeApi({
      'thing/': () => (asked++ ? new Response('{"id": 7}') : new Response('', { status })),
    })
    const answer = ask()
    await vi.advanceTimersByTimeAsync(RETRY_DELAY_MS)
    await expect(answer).resolves.toEqual({ id: 7 })
    expect(requests).toHaveLength(2)
  })

  it('gives up after the second failure', async () => {
    vi.useFakeTimers()
    const requests = fakeApi({ 'thing/': new TypeError('Failed to fetch') })
    const error = failure(ask())
    await vi.advanceTimersByTimeAsync(RETRY_DELAY_MS)
    expect(await error).toMatchObject({ kind: 'unreachable' })
    expect(requests).toHaveLength(2)
  })

  it('says that the device is offline when it is, and does not insist', async () => {
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    const requests = fakeApi({ 'thing/': new TypeError('Failed to fetch') })
    expect(await failure(ask())).toMatchObject({ kind: 'offline' })
    expect(requests).toHaveLength(1)
  })

  it('does not wait for ever', async () => {
    vi.useFakeTimers()
    fakeApi({ 'thing/': never })
    const error = failure(ask())
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT_MS)
    expect(await error).toMatchObject({ kind: 'timeout' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not wait for a body that never ends', async () => {
    vi.useFakeTimers()
    vi.stubGlobal(
      'fetch',
      vi.fn(async (_: string, { signal }: { signal: AbortSignal }) => ({
        ok: true,
        text: () =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      })),
    )
    const error = failure(ask())
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT_MS)
    expect(await error).toMatchObject({ kind: 'timeout' })
  })

  it('ends with AbortError when it is called off, while asking and between two tries', async () => {
    vi.useFakeTimers()
    fakeApi({ 'slow/': never, 'gone/': failing(503) })
    for (const path of ['slow/', 'gone/']) {
      const caller = new AbortController()
      const error = failure(getJson(path, schema, { signal: caller.signal }))
      await vi.advanceTimersByTimeAsync(RETRY_DELAY_MS / 2)
      caller.abort()
      expect(await error).toMatchObject({ name: 'AbortError' })
    }
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('getResult', () => {
  it('unwraps the envelope', async () => {
    fakeApi({ 'thing/': { code: 100, msg: 'ok', result: { id: 7 } } })
    await expect(getResult('thing/', schema)).resolves.toEqual({ id: 7 })
  })

  it("gives the API's own words for another code", async () => {
    fakeApi({ 'thing/': { code: 101, msg: 'not yet' } })
    expect(await failure(getResult('thing/', schema))).toMatchObject({
      kind: 'refused',
      message: 'not yet',
    })
  })

  it.each([[{ code: 100 }], [{ code: 100, result: { id: '7' } }], [{ result: { id: 7 } }]])(
    'calls %j garbage',
    async (body) => {
      fakeApi({ 'thing/': body })
      expect(await failure(getResult('thing/', schema))).toMatchObject({ kind: 'garbage' })
    },
  )
})
