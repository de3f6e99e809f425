import { defineStore } from 'pinia'
import { fetchHotWords } from '@/api/courses'
import { createResource } from '@/composables/resource'

/** Words that visitors are offered to search for; one request fetches them for all of the site. */
export const useHotWordsStore = defineStore('hotWords', () => {
  const list = createResource(fetchHotWords)

  /** Fetches them unless they are here or on their way. */
  async function ensure(): Promise<void> {
    if (list.status !== 'ready' && list.status !== 'loading') await list.load()
  }

  return { list, ensure }
})
