import * as v from 'valibot'
import { getJson } from './client'
import {
  categorySchema,
  chapterSchema,
  coursePageSchema,
  courseSchema,
  type Category,
  type Chapter,
  type Course,
  type CoursePage,
} from './schemas'

/** The orders of the course list; the empty one is the API's own: the place editors gave. */
export const ORDERINGS = ['', '-students', 'price', '-price'] as const
export type Ordering = (typeof ORDERINGS)[number]

export interface CourseQuery {
  page?: number
  pageSize?: number
  ordering?: Ordering
  category?: number
}

/** All course categories. @throws {ApiError} */
export function fetchCategories(signal?: AbortSignal): Promise<Category[]> {
  return getJson('course/category/', v.array(categorySchema), { signal, anonymous: true })
}

/** One page of courses; a page after the last is `not_found`. @throws {ApiError} */
export function fetchCourses(query: CourseQuery, signal?: AbortSignal): Promise<CoursePage> {
  return getJson('course/actual/', coursePageSchema, {
    query: {
      page: query.page,
      page_size: query.pageSize,
      ordering: query.ordering || undefined,
      course_category: query.category,
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
