import { defineStore } from 'pinia'
import { ref } from 'vue'
import { fetchLesson } from '@/api/learning'
import { createResource } from '@/composables/resource'

/** The lesson that is open in the player. */
export const useLessonStore = defineStore('lesson', () => {
  const id = ref<number | null>(null)
  const lesson = createResource((signal, wanted: number) => fetchLesson(wanted, signal))
  /** The lesson whose video begins by itself: the visitor, or the countdown, went on to it. */
  const goesOnWith = ref<number | null>(null)

  /** Opens lesson `wanted`, fetched anew; one that was open before is out of sight. */
  async function open(wanted: number): Promise<void> {
    id.value = wanted
    lesson.reset()
    await lesson.load(wanted)
  }

  /** Fetches it anew: its links work for a while only. It stays in sight meanwhile. */
  async function renew(): Promise<void> {
    if (id.value !== null) await lesson.load(id.value)
  }

  return { lesson, goesOnWith, open, renew }
})
