import { defineStore } from 'pinia'
import { ref } from 'vue'
import * as v from 'valibot'

const KEY = 'luffy.phone'
const savedSchema = v.object({ number: v.string(), waits: v.record(v.string(), v.number()) })

/**
 * The phone that was typed last, so that no other form asks for it again, and from when on a code may
 * be sent to which one. Kept for as long as the tab is open, over reloads.
 */
export const usePhoneStore = defineStore('phone', () => {
  const saved = recall()
  const number = ref(saved.number)
  /** For each phone: the time (Unix milliseconds) from which on it may be sent a code. */
  const waits = ref(saved.waits)

  function remember(phone: string): void {
    number.value = phone
    save()
  }

  /** No code can be sent to `phone` for the next `seconds`. */
  function wait(phone: string, seconds: number): void {
    const now = Date.now()
    const lasting = Object.entries(waits.value).filter(([, until]) => until > now)
    waits.value = { ...Object.fromEntries(lasting), [phone]: now + seconds * 1000 }
    remember(phone)
  }

  /** Forgets all of it, as when somebody logs out. */
  function forget(): void {
    number.value = ''
    waits.value = {}
    save()
  }

  function save(): void {
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ number: number.value, waits: waits.value }))
    } catch (error) {
      console.error('This browser remembers nothing: a reload asks for the phone again', error)
    }
  }

  return { number, waits, remember, wait, forget }
})

function recall(): v.InferOutput<typeof savedSchema> {
  const nothing = { number: '', waits: {} }
  try {
    return v.parse(v.fallback(savedSchema, nothing), JSON.parse(sessionStorage.getItem(KEY) ?? '{}'))
  } catch {
    return nothing // storage is blocked in this browser, or somebody else wrote there
  }
}
