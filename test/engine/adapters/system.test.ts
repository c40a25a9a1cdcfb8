import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/engine/adapters/system.ts'

const dayMs = 24 * 3_600_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('sleeps for sixty days, which is more than a timer of the system can wait', async () => {
  const woken = vi.fn()
  const sleeping = systemClock.sleep(60 * dayMs).then(woken)
  await vi.advanceTimersByTimeAsync(60 * dayMs - 1)
  expect(woken).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await sleeping
})

test('is woken by its signal also in a later part of a long sleep, and leaves no timer', async () => {
  const signal = new AbortController()
  const sleeping = systemClock.sleep(60 * dayMs, signal.signal)
  sleeping.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(40 * dayMs)
  signal.abort(new Error('enough'))
  await expect(sleeping).rejects.toThrow('enough')
  expect(vi.getTimerCount()).toBe(0)
})
