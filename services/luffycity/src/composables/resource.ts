import { computed, reactive, shallowRef } from 'vue'
import { ApiError } from '@/api/errors'

export type ResourceStatus = 'idle' | 'loading' | 'ready' | 'error'

/**
 * Something that is fetched: its value, whether it is on its way, and what went wrong.
 *
 * Only the last `load` counts; an earlier one is cancelled, so that a slow answer never replaces a
 * later one. The value of before stays in sight while the next is loading. What is not an `ApiError`
 * is a mistake of ours and is thrown on.
 */
export function createResource<T, Args extends unknown[]>(
  fetcher: (signal: AbortSignal, ...args: Args) => Promise<T>,
) {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const running = shallowRef<AbortController | null>(null)

  const status = computed<ResourceStatus>(() => {
    if (running.value) return 'loading'
    if (error.value) return 'error'
    return data.value === null ? 'idle' : 'ready'
  })

  async function load(...args: Args): Promise<void> {
    running.value?.abort()
    const request = new AbortController()
    running.value = request
    try {
      const value = await fetcher(request.signal, ...args)
      if (running.value !== request) return
      data.value = value
      error.value = null
    } catch (cause) {
      if (running.value !== request) return
      if (!(cause instanceof ApiError)) throw cause
      error.value = cause
    } finally {
      if (running.value === request) running.value = null
    }
  }

  /** Forgets the value, as when another thing is about to be shown in its place. */
  function reset(): void {
    running.value?.abort()
    running.value = null
    data.value = null
    error.value = null
  }

  return reactive({ data, error, status, load, reset })
}
