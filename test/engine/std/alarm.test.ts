import { expect, test, vi } from 'vitest'
import { alarm, withinTime } from '../../../src/engine/std/alarm.ts'
import { SimClock } from '../../support/sim-clock.ts'

test('an alarm calls once, after its time', async () => {
  const clock = new SimClock()
  const call = vi.fn()
  alarm(clock, 100, call)
  await clock.advance(99)
  expect(call).not.toHaveBeenCalled()
  await clock.advance(1)
  await clock.advance(1000)
  expect(call).toHaveBeenCalledOnce()
})

test('an alarm that is taken back never calls', async () => {
  const clock = new SimClock()
  const call = vi.fn()
  const cancel = alarm(clock, 100, call)
  await clock.advance(50)
  cancel()
  await clock.advance(1000)
  expect(call).not.toHaveBeenCalled()
})

test('work within its time gives what it resolves to, or its failure', async () => {
  const clock = new SimClock()
  expect(await withinTime(Promise.resolve('done'), clock, 100)).toBe('done')
  await expect(withinTime(Promise.reject(new Error('broken')), clock, 100)).rejects.toThrow('broken')
})

test('work that takes longer gives null', async () => {
  const clock = new SimClock()
  const result = withinTime(new Promise(() => undefined), clock, 100)
  await clock.advance(100)
  expect(await result).toBe(null)
})
