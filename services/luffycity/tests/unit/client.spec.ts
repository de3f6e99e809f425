import * as v from 'valibot'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  getJson,
  getResult,
  REQUEST_TIMEOUT_MS,
  RETRY_DELAY_MS,
  sendForFields,
  sendForResult,
  sendForWords,
  UPLOAD_TIMEOUT_MS,
} from '@/api/client'
import { useCredentials } from '@/api/credentials'
import type { ApiError } from '@/api/errors'
import { showLocale } from '@/i18n'
import { failing, fakeApi, never, refusing, type Sent } from './fakeApi'
import { fakeUpload } from './fakeUpload'

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

describe('sending', () => {
  it('passes an object on as JSON, and gives the result', async () => {
    let sent: Sent | undefined
    fakeApi({
      'POST thing/': (_: URLSearchParams, request: Sent) => {
        sent = request
        return { code: 100, result: { id: 7 } }
      },
    })
    const options = { body: { a: 1 }, headers: { 'Idempotency-Key': 'k' } }
    await expect(sendForResult('POST', 'thing/', schema, options)).resolves.toEqual({ id: 7 })
    expect(sent?.body).toBe('{"a":1}')
    expect(sent?.headers).toMatchObject({
      'Content-Type': 'application/json',
      'Idempotency-Key': 'k',
    })
  })

  it('gives fields that stand beside the code, and words alone', async () => {
    fakeApi({ 'PUT thing/': { code: 100, msg: 'done', id: 7 } })
    await expect(sendForFields('PUT', 'thing/', schema)).resolves.toEqual({ id: 7 })
    await expect(sendForWords('PUT', 'thing/')).resolves.toBe('done')
  })

  it.each([[502], [503], [504], [500]])('is never done twice after HTTP %i', async (status) => {
    const requests = fakeApi({ 'POST thing/': failing(status) })
    expect(await failure(sendForWords('POST', 'thing/'))).toMatchObject({ kind: 'server', status })
    expect(requests).toHaveLength(1)
  })

  it('brings along what the API says of its refusal', async () => {
    fakeApi({
      'POST thing/': () =>
        new Response(
          JSON.stringify({ code: 429, error: 'throttled', msg: 'wait', errors: { a: ['no'] }, request_id: 'r' }),
          { status: 429, headers: { 'Retry-After': '37' } },
        ),
    })
    const error = (await failure(sendForWords('POST', 'thing/'))) as ApiError
    expect(error).toMatchObject({ kind: 'busy', word: 'throttled' })
    expect(error.refusal).toMatchObject({
      said: 'wait',
      fields: { a: ['no'] },
      requestId: 'r',
      retryAfterS: 37,
    })
  })

  it('understands an error page that is no JSON', async () => {
    fakeApi({
      'POST thing/': () =>
        new Response('<h1>Too large</h1>', { status: 413, headers: { 'X-Request-ID': 'edge-1' } }),
    })
    expect(await failure(sendForWords('POST', 'thing/'))).toMatchObject({
      kind: 'refused',
      word: '',
      refusal: { requestId: 'edge-1', said: '', fields: {}, retryAfterS: null },
    })
  })
})

describe('who asks', () => {
  const guest = { token: async () => null, renew: async () => null }

  afterEach(() => useCredentials(guest))

  function asWho(token: string | null, renewed: string | null) {
    const renew = vi.fn(async () => renewed)
    useCredentials({ token: async () => token, renew })
    const shown: (string | undefined)[] = []
    fakeApi({
      'thing/': (_: URLSearchParams, { headers }: Sent) => {
        shown.push(headers.Authorization)
        return headers.Authorization === 'Bearer good' ? { id: 7 } : refusing(401, 'token_invalid')()
      },
    })
    return { shown, renew }
  }

  it('is shown by the token', async () => {
    const { shown, renew } = asWho('good', null)
    await expect(ask()).resolves.toEqual({ id: 7 })
    expect(shown).toEqual(['Bearer good'])
    expect(renew).not.toHaveBeenCalled()
  })

  it('has a token that is over renewed, once', async () => {
    const { shown, renew } = asWho('over', 'good')
    await expect(ask()).resolves.toEqual({ id: 7 })
    expect(shown).toEqual(['Bearer over', 'Bearer good'])
    expect(renew).toHaveBeenCalledExactlyOnceWith('over')
  })

  it('is told when the renewed one is refused as well, and it is not tried for ever', async () => {
    const { shown } = asWho('over', 'over, too')
    expect(await failure(ask())).toMatchObject({ kind: 'signed_out' })
    expect(shown).toHaveLength(2)
  })

  it('is nobody where the same is for everybody', async () => {
    const { shown } = asWho('good', null)
    expect(await failure(getJson('thing/', schema, { anonymous: true }))).toMatchObject({
      kind: 'signed_out',
    })
    expect(shown).toEqual([undefined])
  })
})

describe('an upload', () => {
  const form = () => {
    const body = new FormData()
    body.append('file', new Blob(['x']), 'x.png')
    return body
  }
  const noProgress = () => {}
  const put = (onProgress: (part: number) => void, signal?: AbortSignal) =>
    sendForResult('POST', 'thing/', schema, { body: form(), onProgress, signal })

  it('says how much of it was sent, and gives the result', async () => {
    const request = fakeUpload()
    const parts: number[] = []
    const result = put((part) => parts.push(part))
    await request.begun
    request.progress(1, 4)
    request.progress(4, 4)
    request.answer(200, { code: 100, result: { id: 7 } })
    await expect(result).resolves.toEqual({ id: 7 })
    expect(parts).toEqual([0.25, 1])
    expect(request.headers).not.toHaveProperty('Content-Type')
  })

  it('is refused as any other request is', async () => {
    const request = fakeUpload()
    const error = failure(put(noProgress))
    await request.begun
    request.answer(413, { code: 413, error: 'picture_too_large', msg: 'too large' })
    expect(await error).toMatchObject({ kind: 'refused', word: 'picture_too_large' })
  })

  it('that gets no answer is unreachable, and is not made again', async () => {
    const request = fakeUpload()
    const error = failure(put(noProgress))
    await request.begun
    request.fail()
    expect(await error).toMatchObject({ kind: 'unreachable' })
  })

  it('has longer than other requests, and not for ever', async () => {
    vi.useFakeTimers()
    const request = fakeUpload()
    const error = failure(put(noProgress))
    await request.begun
    await vi.advanceTimersByTimeAsync(UPLOAD_TIMEOUT_MS - 1)
    expect(request.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await error).toMatchObject({ kind: 'timeout' })
    expect(request.aborted).toBe(true)
  })

  it('ends with AbortError when it is called off', async () => {
    const request = fakeUpload()
    const caller = new AbortController()
    const error = failure(put(noProgress, caller.signal))
    await request.begun
    caller.abort()
    expect(await error).toMatchObject({ name: 'AbortError' })
    expect(request.aborted).toBe(true)
  })
})
