import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface Toast {
  id: number
  tone: 'good' | 'bad'
  text: string
}

/** Short words about what was just done; they go by themselves. */
export const useToastsStore = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([])
  /** Whether there was any: their region is loaded then. */
  const used = ref(false)
  let next = 1

  function add(tone: Toast['tone'], text: string): void {
    used.value = true
    toasts.value.push({ id: next++, tone, text })
  }

  function remove(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }

  return {
    toasts,
    used,
    remove,
    /** It went well. */
    say: (text: string) => add('good', text),
    /** It did not. */
    warn: (text: string) => add('bad', text),
  }
})
