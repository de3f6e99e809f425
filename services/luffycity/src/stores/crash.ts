import { defineStore } from 'pinia'
import { ref } from 'vue'

/** An error that nothing expected: it is logged, and the visitor is told. */
export const useCrashStore = defineStore('crash', () => {
  const crashed = ref(false)

  function report(error: unknown): void {
    console.error(error)
    crashed.value = true
  }

  return { crashed, report }
})
