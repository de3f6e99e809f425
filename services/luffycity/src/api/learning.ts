import * as v from 'valibot'
import { getResult, sendForResult } from './client'
import { pageOf } from './pages'
import { chapterSchema } from './schemas'

const id = v.pipe(v.number(), v.integer())
const seconds = v.pipe(v.number(), v.minValue(0))
/** Something by its name, such as a lesson. */
export const placeSchema = v.object({ id, name: v.string() })

const progressSchema = v.object({ position: seconds, duration: seconds, done: v.boolean() })

const attachmentSchema = v.object({
  id,
  name: v.string(),
  kind: v.string(),
  size: seconds,
  link: v.string(),
})

const openedSchema = v.object({
  id,
  name: v.string(),
  section_type: v.number(),
  duration: v.nullish(v.string(), ''),
  free_trail: v.boolean(),
  enrolled: v.boolean(),
  section_link: v.nullable(v.string()),
  course: placeSchema,
  chapter: placeSchema,
  previous: v.nullable(placeSchema),
  next: v.nullable(placeSchema),
  attachments: v.array(attachmentSchema),
  progress: progressSchema,
})

const myCourseSchema = v.object({
  id,
  name: v.string(),
  course_img: v.nullish(v.string(), null),
  began: v.string(),
  done: v.number(),
  sections: v.number(),
  percent: v.number(),
  go_on: v.nullable(placeSchema),
  position: seconds,
  certificate: v.nullable(v.string()),
})

const takenCourseSchema = v.object({ ...myCourseSchema.entries, chapters: v.array(chapterSchema) })

/** The API's numbers for the kinds of a lesson. */
export const KIND = { document: 0, exercise: 1, video: 2 } as const

export type Progress = v.InferOutput<typeof progressSchema>
export type Attachment = v.InferOutput<typeof attachmentSchema>
/** A lesson with links to its video and its files, for who may see it. */
export type OpenedLesson = v.InferOutput<typeof openedSchema>
/** A course that one takes, and how far one came. */
export type MyCourse = v.InferOutput<typeof myCourseSchema>
/** The same with what is in it, and which lessons are done. */
export type TakenCourse = v.InferOutput<typeof takenCourseSchema>

/** What a player tells: where it is, in whole seconds, and when that was, in Unix milliseconds. */
export interface ProgressReport {
  position: number
  duration: number
  at: number
  done?: boolean
}

/**
 * A lesson with its links, which work for a while.
 *
 * @throws {ApiError} word `not_enrolled` for who does not take the course; `signed_out` for guests
 */
export function fetchLesson(lessonId: number, signal?: AbortSignal): Promise<OpenedLesson> {
  return getResult(`learning/section/${lessonId}/`, openedSchema, { signal })
}

/**
 * Writes down how far one came.
 *
 * @param keepalive the page is being left, and the request is to outlive it
 * @throws {ApiError}
 */
export function sendProgress(
  lessonId: number,
  report: ProgressReport,
  keepalive = false,
): Promise<Progress> {
  return sendForResult('PUT', `learning/section/${lessonId}/progress/`, progressSchema, {
    body: report,
    keepalive,
  })
}

/** A page of the courses that one takes, those begun last first. @throws {ApiError} */
export function fetchMyCourses(page: number, pageSize: number, signal?: AbortSignal) {
  return getResult('learning/courses/', pageOf(myCourseSchema), {
    query: { page, page_size: pageSize },
    signal,
  })
}

/** @throws {ApiError} word `not_enrolled` for who does not take the course */
export function fetchTakenCourse(courseId: number, signal?: AbortSignal): Promise<TakenCourse> {
  return getResult(`learning/course/${courseId}/`, takenCourseSchema, { signal })
}
