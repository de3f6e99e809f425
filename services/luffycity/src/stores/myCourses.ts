import { defineStore } from 'pinia'
import { fetchMyCourses } from '@/api/learning'
import { createResource } from '@/composables/resource'

export const MY_COURSES_PAGE_SIZE = 12

/** A page of the courses that one takes. */
export const useMyCoursesStore = defineStore('myCourses', () => {
  const page = createResource((signal, wanted: number) =>
    fetchMyCourses(wanted, MY_COURSES_PAGE_SIZE, signal),
  )
  return { page }
})
