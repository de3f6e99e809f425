import * as v from 'valibot'
import { ApiError, type ApiErrorKind, type Refusal } from './errors'

// An error may come from the edge or from nginx, whose pages are no JSON: then all of this is empty.
const bodySchema = v.object({
  error: v.fallback(v.string(), ''),
  msg: v.fallback(v.string(), ''),
  errors: v.fallback(v.record(v.string(), v.array(v.string())), {}),
  request_id: v.fallback(v.string(), ''),
})

/** The error that an answer with an error status stands for. */
export async function refusalOf(address: string, response: Response): Promise<ApiError> {
  const body: unknown = parsed(await response.text())
  const { error: word, msg: said, errors: fields, request_id } = v.parse(
    v.fallback(bodySchema, { error: '', msg: '', errors: {}, request_id: '' }),
    body,
  )
  const requestId = request_id || (response.headers.get('X-Request-ID') ?? '')
  const { status } = response
  const refusal: Refusal = {
    status,
    word,
    said,
    fields,
    requestId,
    retryAfterS: seconds(response.headers.get('Retry-After')),
    body,
  }
  return new ApiError(kindOf(status), `${address}: HTTP ${status} ${word}`.trim(), refusal)
}

function kindOf(status: number): ApiErrorKind {
  if (status === 401) return 'signed_out'
  if (status === 404) return 'not_found'
  if (status === 429) return 'busy'
  return status >= 500 ? 'server' : 'refused'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `Retry-After` may be a date as well (RFC 9110, 10.2.3); the API always sends seconds. */
function seconds(value: string | null): number | null {
  return value !== null && /^\d+$/.test(value) ? Number(value) : null
}
