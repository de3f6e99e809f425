import * as v from 'valibot'
import { getJson } from './client'
import {
  categorySchema,
  chapterSchema,
  coursePageSchema,
  courseSchema,
  hotWordSchema,
  suggestionSchema,
  type Category,
  type Chapter,
  type Course,
  type CoursePage,
  type HotWord,
  type Suggestion,
} from './schemas'

/** The orders of the course list; the empty one is the API's own: the place editors gave. */
export const ORDERINGS = ['', '-pub_date', '-students', 'price', '-price'] as const
export type Ordering = (typeof ORDERINGS)[number]

export interface CourseQuery {
  page?: number
  pageSize?: number
  ordering?: Ordering
  category?: number
  /** Only what costs nothing. */
  free?: boolean
  /** In yuan; both ends count. */
  minPrice?: number
  maxPrice?: number
  /** Words that a course has to hold; without any all courses are meant. */
  search?: string
}

/** All course categories. @throws {ApiError} */
export function fetchCategories(signal?: AbortSignal): Promise<Category[]> {
  return getJson('course/category/', v.array(categorySchema), { signal, anonymous: true })
}

/** One page of courses; a page after the last is `not_found`. @throws {ApiError} */
export function fetchCourses(query: CourseQuery, signal?: AbortSignal): Promise<CoursePage> {
  return getJson(query.search ? 'course/search/' : 'course/actual/', coursePageSchema, {
    query: {
      search: query.search || undefined,
      page: query.page,
      page_size: query.pageSize,
      ordering: query.ordering || undefined,
      course_category: query.category,
      free: query.free,
      min_price: query.minPrice,
      max_price: query.maxPrice,
    },
    signal,
    anonymous: true,
  })
}

/** One course. @throws {ApiError} */
export function fetchCourse(id: number, signal?: AbortSignal): Promise<Course> {
  return getJson(`course/actual/${id}/`, courseSchema, { signal, anonymous: true })
}

/** A course's chapters with their lessons. @throws {ApiError} */
export function fetchChapters(courseId: number, signal?: AbortSignal): Promise<Chapter[]> {
  return getJson('course/chapter/', v.array(chapterSchema), {
    query: { course_id: courseId },
    signal,
    anonymous: true,
  })
}

/** Courses whose names go on from what was typed, eight at most. @throws {ApiError} */
export function fetchSuggestions(search: string, signal?: AbortSignal): Promise<Suggestion[]> {
  return getJson('course/suggestions/', v.array(suggestionSchema), {
    query: { search },
    signal,
    anonymous: true,
  })
}

/** Words that editors offer to search for. @throws {ApiError} */
export function fetchHotWords(signal?: AbortSignal): Promise<HotWord[]> {
  return getJson('course/hot_words/', v.array(hotWordSchema), { signal, anonymous: true })
}
