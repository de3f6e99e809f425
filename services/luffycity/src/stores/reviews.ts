import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { deleteReview, fetchOwnReview, fetchReviews, writeReview, type Review } from '@/api/reviews'
import { createResource } from '@/composables/resource'

/** The API's own size of a page. */
export const REVIEWS_PAGE_SIZE = 10

/** What those who take a course think of it, and one's own word among them. */
export const useReviewsStore = defineStore('reviews', () => {
  const course = ref<number | null>(null)
  const number = ref(1)
  const page = createResource((signal, id: number, wanted: number) =>
    fetchReviews(id, wanted, signal),
  )
  const mine = createResource(async (signal, id: number) => ({
    review: await fetchOwnReview(id, signal),
  }))

  const own = computed(() => mine.data?.review ?? null)
  /** With a review that is being deleted already left out. */
  const gone = ref<number | null>(null)
  const shown = computed(() => page.data?.results.filter(({ id }) => id !== gone.value) ?? [])

  /** Shows a page of a course's reviews. */
  async function open(id: number, wanted: number): Promise<void> {
    if (course.value !== id) {
      course.value = id
      page.reset()
      mine.reset()
    }
    number.value = wanted
    await page.load(id, wanted)
  }

  /** Finds out what one wrote oneself. */
  async function openOwn(id: number): Promise<void> {
    await mine.load(id)
  }

  /** Writes one's review, or changes it. @throws {ApiError} */
  async function write(id: number, given: Pick<Review, 'rating' | 'text'>): Promise<void> {
    const review = await writeReview(id, given)
    mine.data = { review }
    await page.load(id, number.value)
  }

  /** Deletes one's review: out of sight at once, and back where that fails. @throws {ApiError} */
  async function withdraw(id: number): Promise<void> {
    const before = mine.data
    gone.value = before?.review?.id ?? null
    mine.data = { review: null }
    try {
      await deleteReview(id)
    } catch (error) {
      mine.data = before
      throw error
    } finally {
      await page.load(id, number.value)
      gone.value = null
    }
  }

  return { page, mine, own, shown, open, openOwn, write, withdraw }
})
