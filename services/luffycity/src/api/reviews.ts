import * as v from 'valibot'
import { getJson, getResult, sendForResult, sendForWords } from './client'
import { pageOf } from './pages'

const rating = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5))

const reviewSchema = v.object({
  id: v.number(),
  /** Empty when they have left the site. */
  author: v.nullish(v.string(), ''),
  rating,
  text: v.nullish(v.string(), ''),
  written: v.string(),
})

const reviewsSchema = v.object({
  ...pageOf(reviewSchema).entries,
  /** The mean of all; null without any. */
  rating: v.nullable(v.number()),
  /** How often each rating was given. */
  ratings: v.record(v.string(), v.number()),
})

export type Review = v.InferOutput<typeof reviewSchema>
export type Reviews = v.InferOutput<typeof reviewsSchema>

export const LONGEST_REVIEW = 1000

/** A page of a course's reviews, the newest first. @throws {ApiError} */
export function fetchReviews(course: number, page: number, signal?: AbortSignal): Promise<Reviews> {
  return getJson(`learning/course/${course}/reviews/`, reviewsSchema, {
    query: { page },
    signal,
    anonymous: true,
  })
}

/** One's own review; null where one wrote none. @throws {ApiError} */
export function fetchOwnReview(course: number, signal?: AbortSignal): Promise<Review | null> {
  return getResult(`learning/course/${course}/review/`, v.nullable(reviewSchema), { signal })
}

/** Writes one's review, or changes it. @throws {ApiError} word `not_enrolled` */
export function writeReview(course: number, given: Pick<Review, 'rating' | 'text'>): Promise<Review> {
  return sendForResult('PUT', `learning/course/${course}/review/`, reviewSchema, { body: given })
}

/** Deletes one's review. @throws {ApiError} */
export function deleteReview(course: number): Promise<string> {
  return sendForWords('DELETE', `learning/course/${course}/review/`)
}
