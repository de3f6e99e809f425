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

/** Becomes true a turn after `begun` did, and stays so: for what comes below what is shown then. */
export function useTurnAfter(begun: () => boolean): Ref<boolean> {
  const come = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = watch(
    begun,
    (now) => {
      if (!now) return
      timer = setTimeout(() => {
        come.value = true
        stop()
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return come
}
