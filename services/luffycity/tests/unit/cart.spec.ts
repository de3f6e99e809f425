import { flushPromises } from '@vue/test-utils'
import { createPinia, disposePinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useCartStore } from '@/stores/cart'
import { useSessionStore } from '@/stores/session'
import { failing, fakeApi, refusing } from './fakeApi'
import { personApi, signIn } from './person'
import { cartItem, cartOf } from './shopApi'

let pinia: Pinia

beforeEach(() => {
  pinia = createPinia()
  setActivePinia(pinia)
  signIn()
})

afterEach(() => disposePinia(pinia))

async function cartStore(answers: object) {
  const requests = fakeApi({ ...personApi(), ...answers })
  const store = useCartStore()
  await useSessionStore().restore()
  await flushPromises()
  return { store, requests }
}

const courses = (store: ReturnType<typeof useCartStore>) => store.items.map(({ course }) => course)

describe('the cart', () => {
  it('is fetched when it is known who is here', async () => {
    const { store } = await cartStore({ 'cart/': cartOf(cartItem(7), cartItem(8)) })
    expect(courses(store)).toEqual([7, 8])
    expect(store.has(7)).toBe(true)
    expect(store.cart.data?.total_amount).toBe('78.00')
  })

  it('is as the API says after something was put in', async () => {
    const { store } = await cartStore({ 'POST cart/': cartOf(cartItem(7)) })
    await store.add(7)
    expect(courses(store)).toEqual([7])
  })

  it('stays as it was when something cannot be put in', async () => {
    const { store } = await cartStore({ 'POST cart/': refusing(409, 'cart_full') })
    await expect(store.add(7)).rejects.toMatchObject({ word: 'cart_full' })
    expect(courses(store)).toEqual([])
    expect(store.changing).toBe(0)
  })

  it('loses a course at once, and has it again when the API did not take it out', async () => {
    const { store } = await cartStore({
      'cart/': cartOf(cartItem(7), cartItem(8)),
      'DELETE cart/7/': failing(500),
    })
    const removed = store.remove(7)
    expect(courses(store)).toEqual([8])
    await expect(removed).rejects.toMatchObject({ kind: 'server' })
    expect(courses(store)).toEqual([7, 8])
  })

  it('never shows again what is being taken out while another answer comes', async () => {
    let first: (answer: unknown) => void = () => undefined
    const { store, requests } = await cartStore({
      'cart/': cartOf(cartItem(7), cartItem(8), cartItem(9)),
      'DELETE cart/7/': () => new Promise((resolve) => (first = resolve)),
      'DELETE cart/8/': cartOf(cartItem(9)),
    })
    const both = [store.remove(7), store.remove(8)]
    await flushPromises()
    expect(requests).not.toContain('DELETE cart/8/')
    first(cartOf(cartItem(8), cartItem(9)))
    await both[0]
    expect(courses(store)).toEqual([9])
    await both[1]
    expect(courses(store)).toEqual([9])
  })

  it('is fetched again when the window is looked at, and stays in sight meanwhile', async () => {
    const { store } = await cartStore({ 'cart/': cartOf(cartItem(7)) })
    fakeApi({ 'cart/': cartOf(cartItem(7), cartItem(8)) })
    dispatchEvent(new Event('focus'))
    expect(courses(store)).toEqual([7])
    await flushPromises()
    expect(courses(store)).toEqual([7, 8])
  })

  it('is not fetched for a guest', async () => {
    const { store, requests } = await cartStore({ 'cart/': cartOf(cartItem(7)) })
    useSessionStore().leave()
    requests.length = 0
    dispatchEvent(new Event('focus'))
    await flushPromises()
    expect(requests).toEqual([])
    expect(courses(store)).toEqual([])
  })

  it('calls an answer garbage whose amounts are none', async () => {
    const { store } = await cartStore({ 'cart/': cartOf(cartItem(7, { price: '39' })) })
    expect(store.cart.error).toMatchObject({ kind: 'garbage' })
  })
})
