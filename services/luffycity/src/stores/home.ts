import { defineStore } from 'pinia'
import { computed } from 'vue'
import { fetchCourses } from '@/api/courses'
import { fetchBanners } from '@/api/home'
import { createResource } from '@/composables/resource'
import { useCategoriesStore } from './categories'

export const CARDS_PER_ROW = 4

/** The parts of the front page. Each stands alone, so that one that fails leaves the others. */
export const useHomeStore = defineStore('home', () => {
  const categories = useCategoriesStore()
  const banners = createResource(fetchBanners)
  const recommended = createResource((signal) => courses({ pageSize: CARDS_PER_ROW }, signal))
  const newest = createResource((signal) =>
    courses({ pageSize: CARDS_PER_ROW, ordering: '-pub_date' }, signal),
  )
  const popular = createResource((signal) =>
    courses({ pageSize: CARDS_PER_ROW, ordering: '-students' }, signal),
  )
  const free = createResource((signal) => courses({ pageSize: CARDS_PER_ROW, free: true }, signal))

  const parts = () => [banners, categories.list, recommended, newest, popular, free]

  /** The first thing that went wrong; one message is enough where one API serves them all. */
  const error = computed(() => parts().find((part) => part.error)?.error ?? null)

  const retrying = computed(() => parts().some((part) => part.error && part.status === 'loading'))

  /** Fetches everything anew; what was there stays in sight meanwhile. */
  async function load(): Promise<void> {
    await Promise.all(parts().map((part) => part.load()))
  }

  /** Fetches what failed. */
  async function retry(): Promise<void> {
    await Promise.all(parts().filter((part) => part.error).map((part) => part.load()))
  }

  return { banners, recommended, newest, popular, free, error, retrying, load, retry }
})

async function courses(...args: Parameters<typeof fetchCourses>) {
  return (await fetchCourses(...args)).results
}
