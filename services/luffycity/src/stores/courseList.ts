import { defineStore } from 'pinia'
import { fetchCourses } from '@/api/courses'
import { createResource } from '@/composables/resource'
import type { CourseFilters } from './courseFilters'

export const PAGE_SIZE = 12

/** The page of the course list that the filters ask for. */
export const useCourseListStore = defineStore('courseList', () => {
  const page = createResource((signal, filters: CourseFilters) =>
    fetchCourses({ ...filters, pageSize: PAGE_SIZE }, signal),
  )
  return { page }
})
