import { computed, onScopeDispose, ref, watch } from 'vue'

/**
 * The whole seconds until a moment, 0 from then on.
 *
 * @param until gives the moment, in Unix milliseconds
 */
export function useSecondsUntil(until: () => number) {
  const now = ref(Date.now())
  const clock = setInterval(() => (now.value = Date.now()), 500)
  // Another moment is counted from now, not from the last tick.
  watch(until, () => (now.value = Date.now()), { flush: 'sync' })
  onScopeDispose(() => clearInterval(clock))
  return computed(() => Math.max(0, Math.ceil((until() - now.value) / 1000)))
}
