import { onScopeDispose, ref } from 'vue'

/**
 * Looks at something until it has happened, with a pause between two looks.
 *
 * Nobody is asked while the page is out of sight; when it is seen again, or the device has its network
 * back, it is looked at once.
 *
 * @param look tells whether that was enough
 * @param pausesS the pauses in seconds, one after the other, after the last of which it stops by
 *   itself; or the one after every look
 */
export function usePolling(look: () => Promise<boolean>, pausesS: readonly number[] | number) {
  const waiting = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let looking = false
  let pause = 0

  /** Begins, or begins anew. */
  async function start(): Promise<void> {
    pause = 0
    waiting.value = true
    await turn()
  }

  function stop(): void {
    clearTimeout(timer)
    waiting.value = false
  }

  async function turn(): Promise<void> {
    clearTimeout(timer)
    if (looking || !waiting.value || document.hidden) return
    looking = true
    const enough = await look().finally(() => {
      looking = false
    })
    const next = typeof pausesS === 'number' ? pausesS : pausesS[pause++]
    if (enough || next === undefined) return stop()
    if (waiting.value) timer = setTimeout(turn, next * 1000)
  }

  document.addEventListener('visibilitychange', turn)
  addEventListener('online', turn)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', turn)
    removeEventListener('online', turn)
    stop()
  })

  return { waiting, start, stop }
}
