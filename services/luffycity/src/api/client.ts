import * as v from 'valibot'
import { base_url } from '@/assets/js/settings.js'
import { ApiError } from './errors'

export const REQUEST_TIMEOUT_MS = 10_000
export const RETRY_DELAY_MS = 400

/** Answers of a proxy that has no service behind it for a moment, as during a deployment. */
const MOMENTARY = [502, 503, 504]

export type Query = Record<string, string | number | undefined>

interface Options {
  query?: Query
  signal?: AbortSignal
}

/**
 * GET `path` under the API's root, checked against `schema`.
 *
 * A failure that may be over in a moment (no connection, 502 to 504) is tried once more.
 *
 * @throws {ApiError} for every failure; `AbortError` when `signal` fires
 */
export async function getJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
  { query = {}, signal }: Options = {},
): Promise<v.InferOutput<S>> {
  const address = addressOf(path, query)
  let body: unknown
  try {
    body = await requestJson(address, signal)
  } catch (error) {
    if (!isMomentary(error)) throw error
    await pause(RETRY_DELAY_MS, signal)
    body = await requestJson(address, signal)
  }
  const parsed = v.safeParse(schema, body)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new ApiError('garbage', `${address}: ${v.getDotPath(issue) ?? 'answer'}: ${issue.message}`)
  }
  return parsed.output
}

/**
 * GET `path`, and unwrap the API's envelope `{code, msg, result}`; 100 is its success.
 *
 * @throws {ApiError} as `getJson`; kind `refused` with the API's own words for another code
 */
export async function getResult<S extends v.GenericSchema>(
  path: string,
  schema: S,
  options: Options = {},
): Promise<v.InferOutput<S>> {
  const envelope = await getJson(
    path,
    v.object({ code: v.number(), msg: v.nullish(v.string(), ''), result: v.optional(v.unknown()) }),
    options,
  )
  if (envelope.code !== 100) throw new ApiError('refused', envelope.msg || `code ${envelope.code}`)
  const parsed = v.safeParse(schema, envelope.result)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new ApiError('garbage', `${path}: ${v.getDotPath(issue) ?? 'result'}: ${issue.message}`)
  }
  return parsed.output
}

function addressOf(path: string, query: Query): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) words.set(name, String(value))
  }
  const tail = words.toString()
  return tail ? `${base_url}${path}?${tail}` : `${base_url}${path}`
}

async function requestJson(address: string, outer?: AbortSignal): Promise<unknown> {
  outer?.throwIfAborted()
  const request = new AbortController()
  const cancel = () => request.abort(outer?.reason)
  outer?.addEventListener('abort', cancel)
  let late = false
  // Over the body too: a server that sends its headers and then nothing is as slow as any other.
  const timer = setTimeout(() => {
    late = true
    request.abort()
  }, REQUEST_TIMEOUT_MS)
  try {
    const response = await fetch(address, {
      // The API names levels and states in the language it is asked in.
      headers: { Accept: 'application/json', 'Accept-Language': document.documentElement.lang },
      signal: request.signal,
    })
    if (!response.ok) throw errorOf(address, response.status)
    const text = await response.text()
    try {
      return JSON.parse(text) as unknown
    } catch (cause) {
      throw new ApiError('garbage', `${address}: the answer is not JSON`, response.status, { cause })
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    outer?.throwIfAborted()
    if (late) throw new ApiError('timeout', `${address}: no answer in ${REQUEST_TIMEOUT_MS} ms`)
    const kind = navigator.onLine ? 'unreachable' : 'offline'
    throw new ApiError(kind, `${address}: ${String(cause)}`, undefined, { cause })
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', cancel)
  }
}

function errorOf(address: string, status: number): ApiError {
  const message = `${address}: HTTP ${status}`
  if (status === 404) return new ApiError('not_found', message, status)
  return new ApiError(status >= 500 ? 'server' : 'refused', message, status)
}

function isMomentary(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.kind === 'unreachable' || MOMENTARY.includes(error.status ?? 0)
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
