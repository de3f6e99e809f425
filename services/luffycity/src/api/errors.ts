/** What went wrong with a request, as far as a visitor can act on it. */
export type ApiErrorKind =
  | 'offline' // this device has no network
  | 'unreachable' // the API did not answer at all
  | 'timeout' // it did not answer in time
  | 'not_found' // it says that there is no such thing
  | 'signed_out' // it wants to know who asks, and does not
  | 'refused' // it understood, and said no
  | 'busy' // it has been asked too often, or too much of it was
  | 'server' // it failed
  | 'garbage' // it answered something that is not what was agreed

/** What the API says beside the status, in its one shape for errors. */
export interface Refusal {
  status: number
  /** The API's word for programs: `wrong_code`, `price_changed` … */
  word: string
  /** A sentence in the visitor's language; empty where none was given. */
  said: string
  /** What is wrong with which field that was sent. */
  fields: Readonly<Record<string, string[]>>
  /** The name of this request in the logs. */
  requestId: string
  /** After how many seconds it may go well; null where the API does not say. */
  retryAfterS: number | null
  /** The whole answer, for refusals that bring something along (such as the right price). */
  body: unknown
}

/** The one error that `src/api` throws, besides `AbortError` for a request that nobody waits for. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly kind: ApiErrorKind,
    message: string,
    readonly refusal?: Refusal,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  get status(): number | undefined {
    return this.refusal?.status
  }

  /** The API's word for what it refused; empty where there was no answer. */
  get word(): string {
    return this.refusal?.word ?? ''
  }
}
