import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import { ORDERINGS, type Ordering } from '@/api/courses'

export interface CourseFilters {
  category?: number
  ordering: Ordering
  page: number
}

/** The filters that an address asks for; what it says wrongly counts as not said. */
export function readFilters(query: LocationQuery): CourseFilters {
  return {
    category: positive(query.category),
    ordering: ORDERINGS.find((one) => one === query.ordering) ?? '',
    page: positive(query.page) ?? 1,
  }
}

/** The address of these filters, without what is the default. */
export function writeFilters({ category, ordering, page }: CourseFilters): LocationQueryRaw {
  return {
    ...(category !== undefined && { category }),
    ...(ordering && { ordering }),
    ...(page > 1 && { page }),
  }
}

function positive(value: LocationQuery[string] | undefined): number | undefined {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined
}
