import { defineStore } from 'pinia'
import { fetchCategories } from '@/api/courses'
import { createResource } from '@/composables/resource'
import { usePreferencesStore } from './preferences'

/** The course categories; several pages show them, one request fetches them. */
export const useCategoriesStore = defineStore('categories', () => {
  const list = createResource(fetchCategories)

  const preferences = usePreferencesStore()
  let language: string | null = null

  /** Fetches them unless they are here in the visitor's language, or on their way. */
  async function ensure(): Promise<void> {
    const here = list.status === 'ready' || list.status === 'loading'
    if (here && language === preferences.locale) return
    language = preferences.locale
    await list.load()
  }

  return { list, ensure }
})
