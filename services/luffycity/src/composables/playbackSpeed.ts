import { onMounted, ref, type Ref } from 'vue'
import { recall, remember } from './remembered'

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const
const KEY = 'luffy.speed'

/** How fast a video plays, remembered in this browser; the browser's own menu is followed, too. */
export function usePlaybackSpeed(video: Readonly<Ref<HTMLVideoElement | null>>) {
  const speed = ref(Number(recall(KEY, SPEEDS.map(String), '1')))

  function set(wanted: number): void {
    speed.value = wanted
    remember(KEY, String(wanted))
    apply()
  }

  /** The next speed up (1) or down (-1), as far as there is one. */
  function step(direction: 1 | -1): void {
    const at = SPEEDS.findIndex((one) => one >= speed.value)
    set(SPEEDS[at + direction] ?? speed.value)
  }

  function apply(): void {
    if (!video.value) return
    // What is loaded next begins with the default one.
    video.value.defaultPlaybackRate = speed.value
    video.value.playbackRate = speed.value
  }

  /** For the element's `ratechange`. */
  function follow(): void {
    const now = video.value?.playbackRate
    if (now && now !== speed.value && SPEEDS.some((one) => one === now)) set(now)
  }

  onMounted(apply)
  return { speed, set, step, follow }
}
