/** What `fetch` takes, as far as uploads need it. */
interface Request {
  method: string
  headers: Record<string, string>
  body: FormData
  signal: AbortSignal
}

/**
 * Sends a form as `fetch` would, and says how much of it is on its way: `fetch` itself cannot.
 *
 * @param onProgress gets the part that was sent, from 0 to 1
 * @throws TypeError without an answer, as `fetch` does; the signal's reason when it fires
 */
export function upload(
  address: string,
  { method, headers, body, signal }: Request,
  onProgress: (part: number) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, address)
    request.withCredentials = true
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onProgress(loaded / total)
    }
    request.onload = () => resolve(responseOf(request))
    request.onerror = () => reject(new TypeError('the upload got no answer'))
    request.onabort = () => reject(signal.reason)
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(body)
  })
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers()
  for (const name of ['Retry-After', 'X-Request-ID']) {
    const value = request.getResponseHeader(name)
    if (value !== null) headers.set(name, value)
  }
  return new Response(request.responseText, { status: request.status, headers })
}
