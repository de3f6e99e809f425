import { vi } from 'vitest'

/** Puts a request that the test answers in the place of the next `XMLHttpRequest`. */
export function fakeUpload() {
  let began = () => {}
  const control = {
    headers: {} as Record<string, string>,
    body: null as FormData | null,
    aborted: false,
    begun: new Promise<void>((resolve) => (began = resolve)),
    progress(loaded: number, total: number) {
      request.upload.onprogress?.({ lengthComputable: true, loaded, total })
    },
    answer(status: number, body: object) {
      Object.assign(request, { status, responseText: JSON.stringify(body) })
      request.onload?.()
    },
    fail: () => request.onerror?.(),
  }
  const request = {
    upload: {} as { onprogress?: (event: object) => void },
    onload: undefined as (() => void) | undefined,
    onerror: undefined as (() => void) | undefined,
    onabort: undefined as (() => void) | undefined,
    open: vi.fn(),
    setRequestHeader(name: string, value: string) {
      control.headers[name] = value
    },
    getResponseHeader: () => null,
    send(body: FormData) {
      control.body = body
      began()
    },
    abort() {
      control.aborted = true
      request.onabort?.()
    },
  }
  vi.stubGlobal('XMLHttpRequest', function XMLHttpRequest() {
    return request
  })
  return control
}
