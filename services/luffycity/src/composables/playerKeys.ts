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

const keys: Record<string, (actions: PlayerActions) => void> = {
  ' ': (to) => to.toggle(),
  k: (to) => to.toggle(),
  j: (to) => to.leap(-LEAP_S),
  arrowleft: (to) => to.leap(-LEAP_S),
  l: (to) => to.leap(LEAP_S),
  arrowright: (to) => to.leap(LEAP_S),
  arrowup: (to) => to.volume(LOUDER),
  arrowdown: (to) => to.volume(-LOUDER),
  m: (to) => to.mute(),
  f: (to) => to.fullscreen(),
  '<': (to) => to.speed(-1),
  '>': (to) => to.speed(1),
  '?': (to) => to.help(),
}

/**
 * What the browser's own controls do while the video has the focus: they are more than one, and each
 * has a use of its own for these.
 */
const OF_THE_BROWSER = [' ', 'arrowleft', 'arrowright', 'arrowup', 'arrowdown']
/** What scrolls the page, unless the video fills the screen. */
const SCROLLING = ['arrowup', 'arrowdown']

/** What takes these keys for itself while it has the focus. */
const TYPING = 'input, textarea, select, [contenteditable], [role="dialog"]'
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
    const key = event.key.toLowerCase()
    const act = keys[key]
    if (!act || target.closest(TYPING)) return
    if (!on() && key !== '?') return
    if (key === ' ' && target.closest(PRESSED)) return
    if (target.tagName === 'VIDEO' && OF_THE_BROWSER.includes(key)) return
    if (SCROLLING.includes(key) && !document.fullscreenElement) return
    event.preventDefault()
    act(actions)
  }

  onMounted(() => document.addEventListener('keydown', press))
  onBeforeUnmount(() => document.removeEventListener('keydown', press))
}
