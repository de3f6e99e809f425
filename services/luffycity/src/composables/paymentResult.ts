import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useRoute, type LocationQuery } from 'vue-router'
import type { Query } from '@/api/client'
import { ApiError, type ApiErrorKind } from '@/api/errors'
import { askAboutOrder, checkReturn, fetchOrder, type Order, type OrderState } from '@/api/orders'
import { usePolling } from '@/composables/polling'
import { useCartStore } from '@/stores/cart'
import { useEnrolmentsStore } from '@/stores/enrolments'

/** About a minute: by then the gateway's notification is there, or it takes much longer. */
export const PAUSES_S = [2, 3, 4, 5, 6, 8, 10, 10, 10] as const

/** Asking again does not change these. */
const FINAL: readonly ApiErrorKind[] = ['not_found', 'refused', 'signed_out']

export type ResultState =
  | 'missing' // the address names no order
  | 'notGenuine' // the gateway did not make the address
  | 'notYours' // somebody else's order, or none
  | 'loading'
  | 'failed' // the API could not be asked
  | 'waiting' // for the notification
  | 'notYet' // it did not come within a minute
  | Exclude<OrderState, 'unpaid'>

/** What became of the payment that the gateway sent the buyer back from. */
export function usePaymentResult() {
  const { query } = useRoute()
  const cart = useCartStore()
  const enrolments = useEnrolmentsStore()

  const no = lastOf(query.out_trade_no)
  const order = shallowRef<Order | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const request = new AbortController()
  let genuine = false

  const polling = usePolling(look, PAUSES_S)

  async function look(): Promise<boolean> {
    try {
      if (!genuine) await checkReturn(asSent(query), request.signal)
      genuine = true
      order.value = await fetchOrder(no, request.signal)
      error.value = null
      return order.value.order_status !== 'unpaid'
    } catch (cause) {
      if (request.signal.aborted) return true
      if (!(cause instanceof ApiError)) throw cause
      error.value = cause
      return FINAL.includes(cause.kind)
    }
  }

  const state = computed<ResultState>(() => {
    if (!no) return 'missing'
    if (error.value?.word === 'not_genuine') return 'notGenuine'
    if (error.value?.kind === 'not_found') return 'notYours'
    if (!order.value) return error.value ? 'failed' : 'loading'
    if (order.value.order_status !== 'unpaid') return order.value.order_status
    return polling.waiting.value ? 'waiting' : 'notYet'
  })

  watch(
    () => state.value === 'paid',
    async (paid) => {
      // The courses are taken now, and out of the cart.
      if (paid) await Promise.all([cart.refresh(), enrolments.courses.load()])
    },
  )

  const asking = ref(false)
  const askFailure = shallowRef<ApiError | null>(null)
  /** The gateway was asked, and knows of no payment. */
  const denied = ref(false)

  /** Has the gateway asked now. */
  async function ask(): Promise<void> {
    if (asking.value) return
    asking.value = true
    askFailure.value = null
    denied.value = false
    try {
      order.value = await askAboutOrder(no)
      denied.value = !['paid', 'refunding', 'refunded'].includes(order.value.order_status)
      if (order.value.order_status !== 'unpaid') polling.stop()
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      askFailure.value = cause
    } finally {
      asking.value = false
    }
  }

  onScopeDispose(() => request.abort())
  if (no) void polling.start()

  return { no, order, error, state, look: polling.start, ask, asking, askFailure, denied }
}

/** The parameters as the gateway sent them: its signature is of all of them. */
function asSent(query: LocationQuery): Query {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, lastOf(value)]))
}

function lastOf(value: LocationQuery[string] | undefined): string {
  return (Array.isArray(value) ? value.at(-1) : value) ?? ''
}
