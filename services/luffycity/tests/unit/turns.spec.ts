import { effectScope } from 'vue'
import { expect, it, vi } from 'vitest'
import { useTurns } from '@/composables/turns'

it('shows the first part at once, and one more at a time', () => {
  vi.useFakeTimers()
  const shown = effectScope().run(() => useTurns(3))
  const seen = [shown?.value]
  for (let turn = 0; turn < 3; turn++) {
    vi.advanceTimersToNextTimer()
    seen.push(shown?.value)
  }
  expect(seen).toEqual([1, 2, 3, 3])
  expect(vi.getTimerCount()).toBe(0)
})

it('stops with the page', () => {
  vi.useFakeTimers()
  const scope = effectScope()
  scope.run(() => useTurns(3))
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})

it('shows no more than there are', () => {
  expect(effectScope().run(() => useTurns(0))?.value).toBe(0)
})
