import * as v from 'valibot'
import { getResult, sendForResult } from './client'
import { moneySchema } from './money'

const cartSchema = v.object({
  items: v.array(
    v.object({
      course: v.pipe(v.number(), v.integer()),
      name: v.string(),
      course_img: v.nullish(v.string(), null),
      price: moneySchema,
      available: v.boolean(),
      /** Why it cannot be ordered; a word that is not known yet counts as not for sale. */
      why_not: v.fallback(v.picklist(['', 'not_for_sale', 'already_bought']), 'not_for_sale'),
    }),
  ),
  /** Of what is available, before any coupon. */
  total_amount: moneySchema,
})

export type Cart = v.InferOutput<typeof cartSchema>
export type CartItem = Cart['items'][number]

/** The cart of who asks, at today's prices, the newest first. @throws {ApiError} */
export function fetchCart(signal?: AbortSignal): Promise<Cart> {
  return getResult('cart/', cartSchema, { signal })
}

/**
 * Puts a course into the cart, and gives the cart.
 *
 * @throws {ApiError} words `courses_unavailable`, `already_bought`, `cart_full`
 */
export function addToCart(course: number): Promise<Cart> {
  return sendForResult('POST', 'cart/', cartSchema, { body: { course } })
}

/** Takes a course out of the cart, and gives the cart. @throws {ApiError} */
export function removeFromCart(course: number): Promise<Cart> {
  return sendForResult('DELETE', `cart/${course}/`, cartSchema)
}

/** Takes everything out of the cart. @throws {ApiError} */
export function clearCart(): Promise<Cart> {
  return sendForResult('DELETE', 'cart/', cartSchema)
}
