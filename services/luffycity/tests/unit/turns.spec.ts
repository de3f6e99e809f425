import { effectScope, nextTick, ref } from 'vue'
import { expect, it, vi } from 'vitest'
import { useTurnAfter, useTurns } from '@/composables/turns'

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

it('lets one thing come a turn after another, and leaves it there', async () => {
  vi.useFakeTimers()
  const begun = ref(false)
  const come = effectScope().run(() => useTurnAfter(() => begun.value))
  vi.runAllTimers()
  expect(come?.value).toBe(false)
  begun.value = true
  await nextTick()
  expect(come?.value).toBe(false)
  vi.runAllTimers()
  expect(come?.value).toBe(true)
  begun.value = false
  await nextTick()
  expect(come?.value).toBe(true)
})

it('waits no longer than it was told to', () => {
  vi.useFakeTimers()
  const scope = effectScope()
  const come = scope.run(() => useTurnAfter(() => false, 500))
  vi.advanceTimersByTime(499)
  expect(come?.value).toBe(false)
  vi.advanceTimersByTime(1)
  expect(come?.value).toBe(true)
})

it('waits no more once its page is gone', () => {
  vi.useFakeTimers()
  const scope = effectScope()
  scope.run(() => useTurnAfter(() => true, 500))
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})
