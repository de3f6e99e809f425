import * as v from 'valibot'
import { getJson, getResult, sendForFields, sendForResult, type Query } from './client'
import { moneySchema, type Money } from './money'

/** Where an order stands, by the API's numbers for it. */
export const ORDER_STATES = {
  unpaid: 0,
  paid: 1,
  cancelled: 2,
  timedOut: 3,
  refunding: 4,
  refunded: 5,
} as const
export type OrderState = keyof typeof ORDER_STATES

const stateNames = Object.keys(ORDER_STATES) as OrderState[]
const stateSchema = v.pipe(
  v.number(),
  v.transform((number) => stateNames.find((name) => ORDER_STATES[name] === number)),
  v.custom<OrderState>((name) => name !== undefined, 'expected a state of an order'),
)

const timeSchema = v.pipe(v.string(), v.isoTimestamp())
const courseSchema = v.pipe(v.number(), v.integer())

const quoteSchema = v.object({
  courses: v.array(
    v.object({ course: courseSchema, name: v.string(), price: moneySchema, real_price: moneySchema }),
  ),
  amount: moneySchema,
  discount: moneySchema,
  total_amount: moneySchema,
  coupon: v.nullish(v.string(), null),
  coupon_name: v.nullish(v.string(), null),
})

const orderSchema = v.object({
  out_trade_no: v.string(),
  subject: v.nullish(v.string(), ''),
  amount: moneySchema,
  discount: moneySchema,
  total_amount: moneySchema,
  refunded_amount: moneySchema,
  coupon: v.nullish(v.string(), null),
  order_status: stateSchema,
  created: timeSchema,
  expires: timeSchema,
  pay_time: v.nullish(timeSchema, null),
  can_pay: v.boolean(),
  details: v.array(
    v.object({
      course: courseSchema,
      name: v.string(),
      course_img: v.nullish(v.string(), null),
      price: moneySchema,
      real_price: moneySchema,
      refunded: v.boolean(),
    }),
  ),
})

const orderPageSchema = v.object({ count: v.number(), results: v.array(orderSchema) })

const paymentSchema = v.object({
  /** Where the buyer pays; empty when there is nothing to pay any more. */
  pay_url: v.pipe(v.string(), v.regex(/^$|^https?:\/\//, 'expected an address of the web')),
  out_trade_no: v.string(),
  total_amount: moneySchema,
  order_status: stateSchema,
})

export type Quote = v.InferOutput<typeof quoteSchema>
export type Order = v.InferOutput<typeof orderSchema>
export type OrderLine = Order['details'][number]
export type OrderPage = v.InferOutput<typeof orderPageSchema>
export type Payment = v.InferOutput<typeof paymentSchema>

/** What is to be bought: the courses' ids, a coupon's code or nothing, and the total that was seen. */
export interface Wish {
  courses: number[]
  coupon: string
  total: Money
}

/**
 * What courses cost now, with or without a coupon.
 *
 * @throws {ApiError} words `courses_unavailable` and `already_bought` with the ids in the field
 *   `courses`, and those of coupons, which begin with `coupon_`
 */
export function fetchQuote(
  courses: readonly number[],
  coupon: string,
  signal?: AbortSignal,
): Promise<Quote> {
  return sendForResult('POST', 'order/quote/', quoteSchema, { body: { courses, coupon }, signal })
}

/**
 * Places an order. The same `key` with the same wish is the same order, however often it is sent.
 *
 * @throws {ApiError} as `fetchQuote`; words `price_changed` with the right total in the field
 *   `total_amount`, `too_many_orders`, `payment_not_configured`, `idempotency_key_reused`
 */
export function placeOrder({ courses, coupon, total }: Wish, key: string): Promise<Payment> {
  return sendForFields('POST', 'order/pay/', paymentSchema, {
    body: { courses, coupon, total_amount: total },
    headers: { 'Idempotency-Key': key },
  })
}

/** A page of one's own orders, the newest first. @throws {ApiError} */
export function fetchOrders(
  { state, page, pageSize }: { state?: OrderState; page: number; pageSize: number },
  signal?: AbortSignal,
): Promise<OrderPage> {
  const order_status = state && ORDER_STATES[state]
  return getResult('order/', orderPageSchema, {
    query: { page, page_size: pageSize, order_status },
    signal,
  })
}

/** One of one's own orders. @throws {ApiError} kind `not_found` for somebody else's as for none */
export function fetchOrder(no: string, signal?: AbortSignal): Promise<Order> {
  return getResult(addressOf(no), orderSchema, { signal })
}

/** Where an unpaid order is paid. @throws {ApiError} word `order_not_unpaid` */
export function payOrder(no: string): Promise<Payment> {
  return sendForFields('POST', `${addressOf(no)}pay/`, paymentSchema)
}

/** Cancels an unpaid order. @throws {ApiError} word `order_not_unpaid` */
export function cancelOrder(no: string): Promise<Order> {
  return sendForResult('POST', `${addressOf(no)}cancel/`, orderSchema)
}

/** Has the payment gateway asked now. @throws {ApiError} word `payment_unavailable` */
export function askAboutOrder(no: string): Promise<Order> {
  return sendForResult('POST', `${addressOf(no)}ask/`, orderSchema)
}

/**
 * Has the address checked that the gateway sent the buyer back with.
 *
 * @param query all of it: the signature is of every parameter
 * @throws {ApiError} word `not_genuine` where the gateway did not make it; kind `not_found` for
 *   somebody else's order
 */
export async function checkReturn(query: Query, signal?: AbortSignal): Promise<void> {
  await getJson('order/success/', v.object({ code: v.picklist([100, 101]) }), { query, signal })
}

function addressOf(no: string): string {
  return `order/${encodeURIComponent(no)}/`
}
