import { onScopeDispose, ref } from 'vue'

/** Seconds that run down to a deed, unless they are stopped. */
export function useCountdown(seconds: number, deed: () => void) {
  const left = ref(seconds)
  const timer = setInterval(() => {
    left.value -= 1
    if (left.value > 0) return
    stop()
    deed()
  }, 1000)

  function stop(): void {
    clearInterval(timer)
  }

  onScopeDispose(stop)
  return { left, stop }
}
