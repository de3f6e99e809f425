import type { RouteParamValue } from 'vue-router'

/** The number that a path's parameter is; its pattern lets nothing else through. */
export function numberOf(parameter: RouteParamValue | RouteParamValue[] | undefined): number {
  return Number(parameter)
}
