import { watch } from 'vue'
import { useSessionStore } from '@/stores/session'
import { createResource } from './resource'

/**
 * Something that belongs to who is here: fetched when somebody is, forgotten when they leave, and
 * never shown to the next one. For stores, which live as long as the page.
 */
export function createPersonResource<T>(fetcher: (signal: AbortSignal) => Promise<T>) {
  const session = useSessionStore()
  const resource = createResource(fetcher)
  watch(
    () => session.person?.username,
    async (username) => {
      resource.reset()
      if (username !== undefined) await resource.load()
    },
    { immediate: true, flush: 'sync' },
  )
  return resource
}
