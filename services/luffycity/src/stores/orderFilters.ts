import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { OrderState } from '@/api/orders'

/** The words for states that stand in addresses. */
export const STATE_WORDS = {
  unpaid: 'unpaid',
  paid: 'paid',
  cancelled: 'cancelled',
  timedOut: 'timed-out',
  refunding: 'refunding',
  refunded: 'refunded',
} as const satisfies Record<OrderState, string>

export interface OrderFilters {
  state?: OrderState
  page: number
}

/** What an address asks for; what it says wrongly counts as not said. */
export function readOrderFilters({ state, page }: LocationQuery): OrderFilters {
  const states = Object.keys(STATE_WORDS) as OrderState[]
  return {
    state: states.find((one) => STATE_WORDS[one] === state),
    page: typeof page === 'string' && /^[1-9]\d{0,8}$/.test(page) ? Number(page) : 1,
  }
}

/** The address of these filters, without what is the default. */
export function writeOrderFilters({ state, page }: OrderFilters): LocationQueryRaw {
  return { ...(state && { state: STATE_WORDS[state] }), ...(page > 1 && { page }) }
}
