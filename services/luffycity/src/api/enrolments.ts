import * as v from 'valibot'
import { getResult, sendForResult } from './client'

const PAGE_SIZE = 50 // the API's largest
const courseId = v.pipe(v.number(), v.integer())
const takenSchema = v.object({ id: courseId, name: v.string() })
const pageSchema = v.object({ count: v.number(), results: v.array(takenSchema) })

/** The names of the courses that the caller takes, by their ids. @throws {ApiError} */
export async function fetchEnrolments(signal?: AbortSignal): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>()
  for (let page = 1, pages = 1; page <= pages; page++) {
    const query = { page, page_size: PAGE_SIZE }
    const { count, results } = await getResult('learning/courses/', pageSchema, { query, signal })
    for (const { id, name } of results) names.set(id, name)
    pages = Math.ceil(count / PAGE_SIZE)
  }
  return names
}

/** Takes a course that costs nothing. @throws {ApiError} word `not_free` for any other */
export async function takeFreeCourse(course: number): Promise<void> {
  await sendForResult('POST', 'learning/enrol/', v.object({ course: courseId }), { body: { course } })
}
