import { onMounted, onScopeDispose } from 'vue'

/** Does `work` at once and then every `pauseMs` after it ended, while the page is looked at. */
export function useRepeat(work: () => Promise<void>, pauseMs: number): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = false
  let over = false

  async function turn(): Promise<void> {
    if (running || over) return
    clearTimeout(timer)
    running = true
    try {
      await work()
    } finally {
      running = false
    }
    if (!over && !document.hidden) timer = setTimeout(turn, pauseMs)
  }

  function onVisibility(): void {
    if (document.hidden) clearTimeout(timer)
    else void turn()
  }

  onMounted(() => {
    document.addEventListener('visibilitychange', onVisibility)
    void turn()
  })
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', onVisibility)
  })
}
