import { defineStore } from 'pinia'
import { fetchEnrolments, takeFreeCourse } from '@/api/enrolments'
import { createPersonResource } from '@/composables/personResource'

/** Which courses the person who is here takes; nobody takes none. */
export const useEnrolmentsStore = defineStore('enrolments', () => {
  /** Their names by their ids; null while they are not known. */
  const courses = createPersonResource(fetchEnrolments)

  const has = (courseId: number): boolean => courses.data?.has(courseId) ?? false

  /** Takes a course that costs nothing. @throws {ApiError} word `not_free` for any other */
  async function take(courseId: number): Promise<void> {
    await takeFreeCourse(courseId)
    await courses.load()
  }

  return { courses, has, take }
})
