import { onBeforeUnmount, onMounted, shallowRef, type Ref } from 'vue'
import { ApiError } from '@/api/errors'
import { sendProgress, type Progress } from '@/api/learning'

export const SAVE_EVERY_MS = 10_000

/**
 * Tells the API how far a lesson's video was watched: every ten seconds while it plays, when it is
 * paused or over, and when the page is hidden or left.
 *
 * Answers may come late and in any order: of them only "done" is used, which is never undone. What
 * could not be saved is in `unsaved`, until it can be.
 *
 * @param lessonId whose video this is; the component lives as long as the lesson is open
 * @param watching false for who has no progress, such as visitors of a free lesson
 * @param known the seconds that the API has already
 * @param saved what the API has then
 */
export function useWatchProgress(
  video: Readonly<Ref<HTMLVideoElement | null>>,
  lessonId: number,
  watching: boolean,
  known: number,
  saved: (progress: Progress) => void,
) {
  const unsaved = shallowRef<ApiError | null>(null)
  let told = Math.floor(known)
  let toldAt = Date.now()
  /** Not before the video stands where one left off: what it shows until then is nobody's place. */
  let placed = false
  let refused = false

  /** For the element's `timeupdate`. */
  function tick(): void {
    if (Date.now() - toldAt >= SAVE_EVERY_MS && !video.value?.paused) save()
  }

  function save(keepalive = false): void {
    const element = video.value
    if (!watching || !placed || refused || !element || !Number.isFinite(element.duration)) return
    const position = Math.floor(element.currentTime)
    if (position === told) return
    told = position
    toldAt = Date.now()
    // The end of a video may lie between two seconds.
    const duration = Math.floor(element.duration)
    void send({ position: Math.min(position, duration), duration, at: toldAt }, keepalive)
  }

  async function send(
    report: { position: number; duration: number; at: number },
    keepalive: boolean,
  ): Promise<void> {
    try {
      saved(await sendProgress(lessonId, report, keepalive))
      unsaved.value = null
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Who takes the course no longer will not be heard the next time either.
      refused = error.kind === 'refused' || error.kind === 'not_found'
      unsaved.value = error
      // So that it is told again, also where nothing is played on.
      told = -1
    }
  }

  function whenHidden(): void {
    if (document.visibilityState === 'hidden') save(true)
  }

  const whenLeft = () => save(true)

  onMounted(() => {
    document.addEventListener('visibilitychange', whenHidden)
    addEventListener('pagehide', whenLeft)
  })
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', whenHidden)
    removeEventListener('pagehide', whenLeft)
    save(true)
  })

  return {
    unsaved,
    tick,
    save: () => save(),
    /** The video stands at its place, or, with false, is being loaded anew. */
    place(is: boolean): void {
      placed = is
    },
  }
}
