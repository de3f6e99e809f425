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
  let next = 1

  function add(tone: Toast['tone'], text: string): void {
    toasts.value.push({ id: next++, tone, text })
  }

  function remove(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }

  return {
    toasts,
    remove,
    /** It went well. */
    say: (text: string) => add('good', text),
    /** It did not. */
    warn: (text: string) => add('bad', text),
  }
})
