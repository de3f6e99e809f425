import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import { fetchSuggestions } from '@/api/courses'
import type { IconName } from '@/components/base/BaseIcon.vue'
import { createResource } from '@/composables/resource'
import { useHotWordsStore } from './hotWords'

/** Nobody reads what stands there for less, and a quick typist asks once. */
export const TYPING_PAUSE_MS = 200

interface Offer {
  key: string
  text: string
  icon: IconName
  to: RouteLocationRaw
}

/** What a visitor is offered who types into the search box; hot words before the first letter. */
export const useSuggestionsStore = defineStore('suggestions', () => {
  const hotWords = useHotWordsStore()
  const courses = createResource((signal, words: string) => fetchSuggestions(words, signal))
  const typed = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined

  const offered = computed<Offer[]>(() => {
    if (typed.value) {
      return (courses.data ?? []).map(({ id, name }) => ({
        key: `course-${id}`,
        text: name,
        icon: 'book',
        to: { name: 'course', params: { id } },
      }))
    }
    return (hotWords.list.data ?? []).map(({ id, word }) => ({
      key: `word-${id}`,
      text: word,
      icon: 'search',
      to: { name: 'search', query: { search: word } },
    }))
  })

  /** Asks for what goes on from `words`. A failure offers nothing: one can search all the same. */
  function ask(words: string): void {
    clearTimeout(timer)
    typed.value = words.trim()
    courses.reset()
    if (!typed.value) void hotWords.ensure()
    else timer = setTimeout(() => void courses.load(typed.value), TYPING_PAUSE_MS)
  }

  return { offered, ask }
})
