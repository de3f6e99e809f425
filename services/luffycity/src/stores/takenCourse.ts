import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError } from '@/api/errors'
import { fetchTakenCourse, type TakenCourse } from '@/api/learning'
import { createResource } from '@/composables/resource'
import { useSessionStore } from './session'

/** What the one who is here has of a course: nothing, for guests and for who does not take it. */
interface Standing {
  taken: TakenCourse | null
}

/** A course as the one who takes it has it: its lessons, and which of them are done. */
export const useTakenCourseStore = defineStore('takenCourse', () => {
  const session = useSessionStore()
  const id = ref<number | null>(null)
  const standing = createResource(async (signal, wanted: number): Promise<Standing> => {
    await session.ready()
    if (!session.signedIn) return { taken: null }
    try {
      return { taken: await fetchTakenCourse(wanted, signal) }
    } catch (error) {
      if (isNotTaken(error)) return { taken: null }
      throw error
    }
  })

  const taken = computed(() => standing.data?.taken ?? null)

  /** Shows course `wanted`, fetched anew; what is known of it stays in sight meanwhile. */
  async function open(wanted: number): Promise<void> {
    if (id.value !== wanted) {
      id.value = wanted
      standing.reset()
    }
    await standing.load(wanted)
  }

  /** Whether a lesson is done, as far as is known here. */
  function isDone(lessonId: number): boolean {
    return lessonsOf(taken.value).some((lesson) => lesson.id === lessonId && lesson.done)
  }

  /** Notes that a lesson is done, or, where that could not be written down, that it is not. */
  function mark(lessonId: number, done = true): void {
    const before = taken.value
    if (!before || isDone(lessonId) === done) return
    const chapters = before.chapters.map((chapter) => ({
      ...chapter,
      coursesections: chapter.coursesections.map((lesson) =>
        lesson.id === lessonId ? { ...lesson, done } : lesson,
      ),
    }))
    const count = lessonsOf({ ...before, chapters }).filter((lesson) => lesson.done).length
    // As the API rounds it: 100 only when all is done.
    const percent = before.sections ? Math.floor((count * 100) / before.sections) : 0
    standing.data = { taken: { ...before, chapters, done: count, percent } }
  }

  return { standing, taken, open, isDone, mark }
})

function lessonsOf(course: TakenCourse | null) {
  return course?.chapters.flatMap((chapter) => chapter.coursesections) ?? []
}

/** `not_found`: a course that is hidden by now, and was never taken. */
function isNotTaken(error: unknown): boolean {
  return error instanceof ApiError && (error.word === 'not_enrolled' || error.kind === 'not_found')
}
