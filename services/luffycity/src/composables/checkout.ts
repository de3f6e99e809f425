import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'
import { ApiError } from '@/api/errors'
import type { Money } from '@/api/money'
import { fetchQuote, placeOrder, type Payment, type Wish } from '@/api/orders'
import { createResource } from '@/composables/resource'
import { useCartStore } from '@/stores/cart'
import { useEnrolmentsStore } from '@/stores/enrolments'
import { forgetOrderKey, orderKey } from '@/stores/orderKey'
import { useSessionStore } from '@/stores/session'

/** Why some of the courses cannot be ordered. */
const NOT_THESE = ['courses_unavailable', 'already_bought']

/**
 * The order that the address asks for (`?courses=1,2&coupon=`, without courses the cart's): what it
 * costs, and its placing.
 */
export function useCheckout() {
  const route = useRoute()
  const router = useRouter()
  const session = useSessionStore()
  const enrolments = useEnrolmentsStore()
  const { cart } = useCartStore()

  const busy = ref(false)
  /** Why the order was not placed. */
  const failure = shallowRef<ApiError | null>(null)
  /** Why the coupon of the address does not count. */
  const couponRefusal = shallowRef<ApiError | null>(null)
  const priceChange = shallowRef<{ seen: Money; now: Money } | null>(null)

  const courses = computed(() => readCourses(route.query))
  const coupon = computed(() => readCoupon(route.query))

  const quote = createResource(async (signal, ids: number[], code: string) => {
    couponRefusal.value = null
    try {
      return await fetchQuote(ids, code, signal)
    } catch (error) {
      if (!isAboutCoupon(error)) throw error
      couponRefusal.value = error
      return fetchQuote(ids, '', signal)
    }
  })

  /** The ids of courses that keep the rest from being ordered. */
  const inTheWay = computed(() => {
    const error = quote.error
    return error && NOT_THESE.includes(error.word) ? (error.refusal?.fields.courses ?? []).map(Number) : []
  })

  let quoted = ''
  const wanted = () => `${courses.value} ${coupon.value}`

  async function load(): Promise<void> {
    if (!courses.value?.length) return
    quoted = wanted()
    await quote.load(courses.value, coupon.value)
    if (quote.error?.word === 'already_bought') await enrolments.courses.load()
  }

  watch(
    wanted,
    async () => {
      if (route.name === 'checkout' && wanted() !== quoted) await load()
    },
    { immediate: true },
  )

  // From here on it is these courses, whatever becomes of the cart.
  watch(
    () => cart.data,
    async (now) => {
      const ids = now?.items.filter((item) => item.available).map((item) => item.course)
      if (courses.value === null && ids?.length) await change({ courses: ids.join(',') })
    },
    { immediate: true },
  )

  async function change(query: Record<string, string | undefined>): Promise<void> {
    await router.replace({ query: { ...route.query, ...query } })
  }

  /** Counts a coupon in. @throws {ApiError} and then all is as it was */
  async function applyCoupon(code: string): Promise<void> {
    const cheaper = await fetchQuote(courses.value ?? [], code)
    quote.data = cheaper
    couponRefusal.value = null
    quoted = `${courses.value} ${cheaper.coupon}`
    await change({ coupon: cheaper.coupon ?? undefined })
  }

  const removeCoupon = () => change({ coupon: undefined })

  /** Orders the rest. */
  async function leaveOut(ids: number[]): Promise<void> {
    const rest = (courses.value ?? []).filter((id) => !ids.includes(id))
    quote.reset()
    await change({ courses: rest.join(',') })
  }

  /** Places the order, and goes where it is paid. However often it is called, there is one order. */
  async function pay(): Promise<void> {
    const seen = quote.data
    const person = session.person?.username
    if (busy.value || quote.status === 'loading' || !seen || person === undefined) return
    busy.value = true
    failure.value = null
    priceChange.value = null
    const ids = seen.courses.map(({ course }) => course)
    const wish: Wish = { courses: ids, coupon: seen.coupon ?? '', total: seen.total_amount }
    try {
      const payment = await placeOrder(wish, orderKey(wish, person))
      forgetOrderKey()
      await goOn(payment)
    } catch (error) {
      busy.value = false
      if (!(error instanceof ApiError)) throw error
      // Without an answer, or with one of a service that failed, it may have been placed.
      if ((error.status ?? 500) < 500) forgetOrderKey()
      await tell(error, wish.total)
    }
  }

  async function tell(error: ApiError, seen: Money): Promise<void> {
    if (error.word === 'price_changed') {
      await load()
      if (quote.data) priceChange.value = { seen, now: quote.data.total_amount }
      return
    }
    failure.value = error
    if (NOT_THESE.includes(error.word) || isAboutCoupon(error)) await load()
  }

  async function goOn({ pay_url, order_status, out_trade_no }: Payment): Promise<void> {
    // The page stays as it is, its button too, until the gateway's is there.
    if (pay_url) return location.assign(pay_url)
    await router.push(
      order_status === 'paid'
        ? { name: 'paymentResult', query: { out_trade_no } }
        : { name: 'myOrder', params: { no: out_trade_no } },
    )
  }

  // Back from the gateway the browser may show the page as it was left.
  const wake = ({ persisted }: PageTransitionEvent) => {
    if (persisted) busy.value = false
  }
  addEventListener('pageshow', wake)
  onScopeDispose(() => removeEventListener('pageshow', wake))

  return {
    courses,
    quote,
    load,
    inTheWay,
    leaveOut,
    coupon,
    couponRefusal,
    applyCoupon,
    removeCoupon,
    busy,
    failure,
    priceChange,
    pay,
  }
}

function isAboutCoupon(error: unknown): error is ApiError {
  return error instanceof ApiError && error.word.startsWith('coupon_')
}

/** The ids of the address; null where it names none at all. What is no id is left out. */
function readCourses({ courses }: LocationQuery): number[] | null {
  if (typeof courses !== 'string') return null
  const ids = courses.split(',').filter((id) => /^[1-9]\d{0,8}$/.test(id))
  return [...new Set(ids.map(Number))]
}

function readCoupon({ coupon }: LocationQuery): string {
  return typeof coupon === 'string' ? coupon : ''
}
