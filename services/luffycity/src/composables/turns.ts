import { onScopeDispose, ref, watch, type Ref } from 'vue'

/**
 * How many parts of a page are shown: `first` at once, and then one more at a time, so that the browser
 * paints and answers in between. Meant for parts below what is seen at first.
 *
 * @param total how many there are
 */
export function useTurns(total: number, first = 1): Ref<number> {
  const shown = ref(Math.min(first, total))
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    if (shown.value >= total) return
    timer = setTimeout(() => {
      shown.value++
      next()
    })
  }

  next()
  onScopeDispose(() => clearTimeout(timer))
  return shown
}

/**
 * Becomes true a turn after `begun` did, and stays so: for what comes below what is shown then.
 *
 * @param patience_ms after so long it comes without `begun`
 */
export function useTurnAfter(begun: () => boolean, patience_ms = Infinity): Ref<boolean> {
  const come = ref(false)
  const timers: ReturnType<typeof setTimeout>[] = []
  const comeAfter = (delay_ms?: number) => timers.push(setTimeout(() => (come.value = true), delay_ms))

  watch(begun, (now) => now && comeAfter(), { immediate: true })
  if (patience_ms < Infinity) comeAfter(patience_ms)
  onScopeDispose(() => timers.forEach(clearTimeout))
  return come
}
