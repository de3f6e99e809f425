import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { fetchChapters, fetchCourse } from '@/api/courses'
import { KIND } from '@/api/learning'
import { createResource } from '@/composables/resource'

/** The course that is being looked at, with its chapters. */
export const useCourseStore = defineStore('course', () => {
  const id = ref<number | null>(null)
  const course = createResource((signal, wanted: number) => fetchCourse(wanted, signal))
  const chapters = createResource((signal, wanted: number) => fetchChapters(wanted, signal))

  const openLessons = computed(() =>
    (chapters.data ?? [])
      .flatMap((chapter) => chapter.coursesections)
      .filter((lesson) => lesson.free_trail),
  )
  const freeLessons = computed(() => openLessons.value.length)

  /** The first video of this site that anybody may watch. */
  const trailer = computed(
    () =>
      openLessons.value.find(
        ({ section_type: kind, section_link: link }) =>
          kind === KIND.video && link?.startsWith('/') === true,
      ) ?? null,
  )

  function turnTo(wanted: number): void {
    if (id.value === wanted) return
    id.value = wanted
    course.reset()
    chapters.reset()
  }

  /** Shows course `wanted`, fetched anew; what is known of it stays in sight meanwhile. */
  async function open(wanted: number): Promise<void> {
    await Promise.all([look(wanted), list(wanted)])
  }

  /** As `open`, without its chapters. */
  async function look(wanted: number): Promise<void> {
    turnTo(wanted)
    await course.load(wanted)
  }

  /** As `open`, its chapters alone. */
  async function list(wanted: number): Promise<void> {
    turnTo(wanted)
    await chapters.load(wanted)
  }

  /** Fetches what failed. */
  async function retry(): Promise<void> {
    const wanted = id.value
    if (wanted === null) return
    const failed = [course, chapters].filter((part) => part.error)
    await Promise.all(failed.map((part) => part.load(wanted)))
  }

  return { course, chapters, freeLessons, trailer, open, look, list, retry }
})
