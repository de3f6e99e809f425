import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import { ORDERINGS, type Ordering } from '@/api/courses'

/** What the API takes at most. */
export const SEARCH_MAX_LENGTH = 100

export interface CourseFilters {
  category?: number
  ordering: Ordering
  free?: true
  /** In yuan; both ends count. */
  minPrice?: number
  maxPrice?: number
  search?: string
  page: number
}

/** The filters that an address asks for; what it says wrongly counts as not said. */
export function readFilters(query: LocationQuery): CourseFilters {
  return {
    category: positive(query.category),
    ordering: ORDERINGS.find((one) => one === query.ordering) ?? '',
    free: query.free === 'true' ? true : undefined,
    minPrice: amount(query.min_price),
    maxPrice: amount(query.max_price),
    search: words(query.search),
    page: positive(query.page) ?? 1,
  }
}

/** The address of these filters, without what is the default. */
export function writeFilters(filters: CourseFilters): LocationQueryRaw {
  const { category, ordering, free, minPrice, maxPrice, search, page } = filters
  return {
    ...(search && { search }),
    ...(category !== undefined && { category }),
    ...(free && { free: 'true' }),
    ...(minPrice !== undefined && { min_price: minPrice }),
    ...(maxPrice !== undefined && { max_price: maxPrice }),
    ...(ordering && { ordering }),
    ...(page > 1 && { page }),
  }
}

type Value = LocationQuery[string] | undefined

function positive(value: Value): number | undefined {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined
}

function amount(value: Value): number | undefined {
  return typeof value === 'string' && /^\d{1,6}(\.\d{1,2})?$/.test(value) ? Number(value) : undefined
}

function words(value: Value): string | undefined {
  return (typeof value === 'string' && value.trim().slice(0, SEARCH_MAX_LENGTH)) || undefined
}
