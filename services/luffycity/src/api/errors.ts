/** What went wrong with a request, as far as a visitor can act on it. */
export type ApiErrorKind =
  | 'offline' // this device has no network
  | 'unreachable' // the API did not answer at all
  | 'timeout' // it did not answer in time
  | 'not_found' // it says that there is no such thing
  | 'refused' // it understood, and said no
  | 'server' // it failed
  | 'garbage' // it answered something that is not what was agreed

/** The one error that `src/api` throws, besides `AbortError` for a request that nobody waits for. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly kind: ApiErrorKind,
    message: string,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
