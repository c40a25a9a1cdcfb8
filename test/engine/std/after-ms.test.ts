import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { afterMs } from '../../../src/engine/std/after-ms.ts'

const dayMs = 24 * 3_600_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('calls once after sixty days, which is more than a timer of the system can wait', () => {
  const call = vi.fn()
  afterMs(60 * dayMs, call)
  vi.advanceTimersByTime(60 * dayMs - 1)
  expect(call).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  vi.advanceTimersByTime(60 * dayMs)
  expect(call).toHaveBeenCalledOnce()
})

test('calls no more once it was taken back, in the first part of its time or in a later one', () => {
  const call = vi.fn()
  afterMs(60 * dayMs, call)()
  const cancel = afterMs(60 * dayMs, call)
  vi.advanceTimersByTime(40 * dayMs)
  cancel()
  vi.advanceTimersByTime(60 * dayMs)
  expect(call).not.toHaveBeenCalled()
})
