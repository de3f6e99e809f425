import { mediaUrl } from './addresses'
import { REQUEST_TIMEOUT_MS } from './client'
import { ApiError } from './errors'
import { refusalOf } from './refusals'

/**
 * The text of a file that a link of the API leads to.
 *
 * @throws {ApiError} status 410 when the link is over, 403 when it is somebody else's
 */
export async function fetchText(link: string, signal?: AbortSignal): Promise<string> {
  const address = mediaUrl(link)
  if (!address) throw new ApiError('garbage', `expected a link to a file, found ${link}`)
  const late = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  try {
    const response = await fetch(address, {
      method: 'GET',
      credentials: 'include',
      signal: signal ? AbortSignal.any([signal, late]) : late,
    })
    if (!response.ok) throw await refusalOf(address, response)
    return await response.text()
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    signal?.throwIfAborted()
    if (late.aborted) throw new ApiError('timeout', `${address}: no answer in time`)
    const kind = navigator.onLine ? 'unreachable' : 'offline'
    throw new ApiError(kind, `${address}: ${String(cause)}`, undefined, { cause })
  }
}

/** When a signed link ends, in Unix milliseconds; null for one that does not say. */
export function linkEnd(link: string): number | null {
  const expires = /[?&]expires=(\d+)/.exec(link)?.[1]
  return expires ? Number(expires) * 1000 : null
}
