import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref } from 'vue'
import { addToCart, clearCart, fetchCart, removeFromCart, type Cart } from '@/api/cart'
import { createPersonResource } from '@/composables/personResource'
import { useSessionStore } from './session'

/** What the person who is here means to buy. */
export const useCartStore = defineStore('cart', () => {
  const session = useSessionStore()
  const cart = createPersonResource(fetchCart)
  /** Courses that are being taken out: they are out of sight before the API says that they are. */
  const leaving = ref<ReadonlySet<number>>(new Set())
  /** Changes that are under way. What they will do to the total, only the API knows. */
  const changing = ref(0)

  const items = computed(() => (cart.data?.items ?? []).filter(({ course }) => !leaving.value.has(course)))
  const has = (courseId: number): boolean => items.value.some(({ course }) => course === courseId)

  let last: Promise<unknown> = Promise.resolve()

  /** One change after the other, so that the answer that comes last is of the change made last. */
  async function change(send: () => Promise<Cart>): Promise<void> {
    const who = session.person?.username
    changing.value++
    const sent = last.then(send)
    last = sent.catch(() => null) // who asked for it is told; the next one goes on
    try {
      const now = await sent
      if (session.person?.username !== who) return
      // What is on its way was asked before.
      cart.reset()
      cart.data = now
    } finally {
      changing.value--
    }
  }

  /** Puts a course in. @throws {ApiError} as `addToCart` */
  async function add(courseId: number): Promise<void> {
    await change(() => addToCart(courseId))
  }

  /** Takes a course out, at once as far as is seen. @throws {ApiError} and then it is back */
  async function remove(courseId: number): Promise<void> {
    leaving.value = new Set([...leaving.value, courseId])
    try {
      await change(() => removeFromCart(courseId))
    } finally {
      leaving.value = new Set([...leaving.value].filter((id) => id !== courseId))
    }
  }

  /** Takes everything out. @throws {ApiError} */
  async function clear(): Promise<void> {
    await change(clearCart)
  }

  /** Fetches it anew, unless a change is about to tell how it is. */
  async function refresh(): Promise<void> {
    if (session.signedIn && !changing.value) await cart.load()
  }

  // Another tab may have changed it meanwhile.
  addEventListener('focus', refresh)
  onScopeDispose(() => removeEventListener('focus', refresh))

  return { cart, items, changing, has, add, remove, clear, refresh }
})
