import { onScopeDispose, ref } from 'vue'

/** The time in Unix milliseconds, to the second. */
export function useNow() {
  const now = ref(Date.now())
  const timer = setInterval(() => {
    now.value = Date.now()
  }, 1000)
  onScopeDispose(() => clearInterval(timer))
  return now
}
