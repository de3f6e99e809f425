import { onBeforeUnmount, onMounted } from 'vue'

export const LEAP_S = 10
const LOUDER = 0.1

export interface PlayerActions {
  toggle: () => void
  /** By seconds, on or back. */
  leap: (seconds: number) => void
  /** By a part of the whole, up or down. */
  volume: (change: number) => void
  mute: () => void
  fullscreen: () => void
  speed: (direction: 1 | -1) => void
  help: () => void
}

/** What a key does; `video` are those that a page needs itself while the video has no focus. */
const keys: Record<string, { do: (actions: PlayerActions) => void; video?: boolean }> = {
  ' ': { do: (to) => to.toggle() },
  k: { do: (to) => to.toggle() },
  j: { do: (to) => to.leap(-LEAP_S) },
  arrowleft: { do: (to) => to.leap(-LEAP_S) },
  l: { do: (to) => to.leap(LEAP_S) },
  arrowright: { do: (to) => to.leap(LEAP_S) },
  arrowup: { do: (to) => to.volume(LOUDER), video: true },
  arrowdown: { do: (to) => to.volume(-LOUDER), video: true },
  m: { do: (to) => to.mute() },
  f: { do: (to) => to.fullscreen() },
  '<': { do: (to) => to.speed(-1) },
  '>': { do: (to) => to.speed(1) },
  '?': { do: (to) => to.help() },
}

/** What takes these keys for itself while it has the focus. */
const TYPING = 'input, textarea, select, [contenteditable], [role="dialog"], [role="menu"]'
/** What is pressed with the space bar. */
const PRESSED = 'button, a, summary, [role="button"]'

/**
 * The keys of the player, on the whole page: not while somebody types or a dialog is open, and not
 * where the browser or the focused control has another use for them.
 *
 * @param on whether the visitor wants them; `?` is heard all the same
 */
export function usePlayerKeys(actions: PlayerActions, on: () => boolean): void {
  function press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const target = event.target instanceof Element ? event.target : document.body
    const key = keys[event.key.toLowerCase()]
    if (!key || target.closest(TYPING)) return
    if (!on() && event.key !== '?') return
    if (event.key === ' ' && target.closest(PRESSED)) return
    if (key.video && target.tagName !== 'VIDEO' && !document.fullscreenElement) return
    event.preventDefault()
    key.do(actions)
  }

  onMounted(() => document.addEventListener('keydown', press))
  onBeforeUnmount(() => document.removeEventListener('keydown', press))
}
