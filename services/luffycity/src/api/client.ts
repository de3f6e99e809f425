import * as v from 'valibot'
import { base_url } from '@/assets/js/settings.js'
import { credentials } from './credentials'
import { ApiError } from './errors'
import { takeFirstAnswer } from './firstAnswers'
import { refusalOf } from './refusals'
import { upload } from './upload'

export const REQUEST_TIMEOUT_MS = 10_000
/** A file on its way takes as long as the line needs; two minutes are ten megabytes at 700 kbit/s. */
export const UPLOAD_TIMEOUT_MS = 120_000
export const RETRY_DELAY_MS = 400

/** Answers of a proxy that has no service behind it for a moment, as during a deployment. */
const MOMENTARY = [502, 503, 504]

export type Query = Record<string, string | number | boolean | undefined>
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Options {
  query?: Query
  signal?: AbortSignal
  /** For what is the same for everybody, and for logging in: without the access token. */
  anonymous?: boolean
}

export interface SendOptions extends Options {
  /** An object is sent as JSON, a form as it is. */
  body?: object | FormData
  headers?: Record<string, string>
  /** The request goes on when the page is left. */
  keepalive?: boolean
  /** Told the part of a form that was sent, from 0 to 1. */
  onProgress?: (part: number) => void
}

type Schema = v.GenericSchema

const envelopeSchema = v.looseObject({ code: v.number(), msg: v.nullish(v.string(), '') })

/**
 * GET `path` under the API's root (or of this site, where it begins with a slash), checked against
 * `schema`.
 *
 * A failure that may be over in a moment (no connection, 502 to 504) is tried once more.
 *
 * @throws {ApiError} for every failure; `AbortError` when `signal` fires
 */
export async function getJson<S extends Schema>(
  path: string,
  schema: S,
  options: Options = {},
): Promise<v.InferOutput<S>> {
  const address = addressOf(path, options.query)
  // What is the same for everybody may have come with the page.
  let body = options.anonymous ? takeFirstAnswer(withQuery(path, options.query)) : undefined
  if (body !== undefined) return checked(address, schema, body)
  try {
    body = await requestJson('GET', address, options)
  } catch (error) {
    if (!isMomentary(error)) throw error
    await pause(RETRY_DELAY_MS, options.signal)
    body = await requestJson('GET', address, options)
  }
  return checked(address, schema, body)
}

/**
 * GET `path`, and unwrap the API's envelope `{code, msg, result}`; 100 is its success.
 *
 * @throws {ApiError} as `getJson`; kind `refused` with the API's own words for another code
 */
export async function getResult<S extends Schema>(
  path: string,
  schema: S,
  options: Options = {},
): Promise<v.InferOutput<S>> {
  return unwrapped(path, schema, await getJson(path, envelopeSchema, options))
}

/**
 * The envelope's fields beside `code` and `msg`, checked: some of the API's answers have no `result`.
 *
 * @throws {ApiError} as `getResult`
 */
export async function getFields<S extends Schema>(
  path: string,
  schema: S,
  options: Options = {},
): Promise<v.InferOutput<S>> {
  return fieldsOf(path, schema, await getJson(path, envelopeSchema, options))
}

/**
 * Sends a change, and unwraps the `result` of the envelope. Never tried again by itself: it may have
 * been done although its answer was lost.
 *
 * @throws {ApiError} for every failure; `AbortError` when `signal` fires
 */
export async function sendForResult<S extends Schema>(
  method: Method,
  path: string,
  schema: S,
  options: SendOptions = {},
): Promise<v.InferOutput<S>> {
  return unwrapped(path, schema, await send(method, path, options))
}

/** As `sendForResult`, for answers whose fields stand in the envelope itself. */
export async function sendForFields<S extends Schema>(
  method: Method,
  path: string,
  schema: S,
  options: SendOptions = {},
): Promise<v.InferOutput<S>> {
  return fieldsOf(path, schema, await send(method, path, options))
}

/** Sends a change that gives nothing but the API's sentence about it. @throws {ApiError} */
export async function sendForWords(
  method: Method,
  path: string,
  options: SendOptions = {},
): Promise<string> {
  const envelope = await send(method, path, options)
  expectSuccess(envelope)
  return envelope.msg
}

type Envelope = v.InferOutput<typeof envelopeSchema>

async function send(method: Method, path: string, options: SendOptions): Promise<Envelope> {
  const address = addressOf(path, options.query)
  return checked(address, envelopeSchema, await requestJson(method, address, options))
}

function unwrapped<S extends Schema>(path: string, schema: S, envelope: Envelope) {
  expectSuccess(envelope)
  return checked(path, schema, envelope.result)
}

function fieldsOf<S extends Schema>(path: string, schema: S, envelope: Envelope) {
  expectSuccess(envelope)
  return checked(path, schema, envelope)
}

function expectSuccess({ code, msg }: Envelope): void {
  if (code !== 100) throw new ApiError('refused', msg || `code ${code}`)
}

function checked<S extends Schema>(address: string, schema: S, body: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, body)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new ApiError('garbage', `${address}: ${v.getDotPath(issue) ?? 'answer'}: ${issue.message}`)
}

/** A path that begins with a slash is this site's own; any other lies under the API's root. */
function addressOf(path: string, query?: Query): string {
  return withQuery(path.startsWith('/') ? path : `${base_url}${path}`, query)
}

function withQuery(path: string, query: Query = {}): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) words.set(name, String(value))
  }
  const tail = words.toString()
  return tail ? `${path}?${tail}` : path
}

/** Asks as who is here; a token that is over is renewed, and what was refused for it asked again. */
async function requestJson(
  method: Method,
  address: string,
  options: SendOptions,
): Promise<unknown> {
  const token = options.anonymous ? null : await credentials().token()
  try {
    return await requestOnce(method, address, options, token)
  } catch (error) {
    const over = token !== null && error instanceof ApiError && error.kind === 'signed_out'
    const renewed = over ? await credentials().renew(token) : null
    if (!renewed) throw error
    return requestOnce(method, address, options, renewed)
  }
}

async function requestOnce(
  method: Method,
  address: string,
  { body, headers: more, keepalive, onProgress, signal: outer }: SendOptions,
  token: string | null,
): Promise<unknown> {
  outer?.throwIfAborted()
  const request = new AbortController()
  const cancel = () => request.abort(outer?.reason)
  outer?.addEventListener('abort', cancel)
  const limit = body instanceof FormData ? UPLOAD_TIMEOUT_MS : REQUEST_TIMEOUT_MS
  let late = false
  // Over the body too: a server that sends its headers and then nothing is as slow as any other.
  const timer = setTimeout(() => {
    late = true
    request.abort()
  }, limit)
  try {
    const headers = {
      Accept: 'application/json',
      // The API names levels and states in the language it is asked in.
      'Accept-Language': document.documentElement.lang,
      ...(body && !(body instanceof FormData) && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...more,
    }
    const { signal } = request
    const response =
      body instanceof FormData && onProgress
        ? await upload(address, { method, headers, body, signal }, onProgress)
        : await fetch(address, {
            method,
            headers,
            body: body instanceof FormData ? body : body && JSON.stringify(body),
            // The refresh token's cookie, also where the API has an address of its own.
            credentials: 'include',
            keepalive,
            signal,
          })
    if (!response.ok) throw await refusalOf(address, response)
    const text = await response.text()
    try {
      return JSON.parse(text) as unknown
    } catch (cause) {
      throw new ApiError('garbage', `${address}: the answer is not JSON`, undefined, { cause })
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    outer?.throwIfAborted()
    if (late) throw new ApiError('timeout', `${address}: no answer in ${limit} ms`)
    const kind = navigator.onLine ? 'unreachable' : 'offline'
    throw new ApiError(kind, `${address}: ${String(cause)}`, undefined, { cause })
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', cancel)
  }
}

/** Whether a failure may be over in a moment: no connection, or a proxy without its service. */
export function isMomentary(error: unknown): boolean {
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
