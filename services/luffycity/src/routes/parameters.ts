import type { LocationQueryValue, RouteParamValue } from 'vue-router'

/** The number that a path's parameter is; its pattern lets nothing else through. */
export function numberOf(parameter: RouteParamValue | RouteParamValue[] | undefined): number {
  return Number(parameter)
}

/** The page of a list that an address asks for; what it says wrongly counts as not said. */
export function pageNumber(value: LocationQueryValue | LocationQueryValue[] | undefined): number {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : 1
}
