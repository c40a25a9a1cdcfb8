import { beforeEach, expect, test } from 'vitest'
import { TimeLimit } from '../../../src/engine/executor/time-limit.ts'
import { SimClock } from '../../support/sim-clock.ts'

const hourMs = 3_600_000

let clock: SimClock
let over: number
let limit: TimeLimit

beforeEach(() => {
  clock = new SimClock()
  over = 0
  limit = new TimeLimit(30_000, clock, () => {
    over += 1
  })
})

test.each([
  ['back', -hourMs],
  ['ahead', hourMs],
])('is over after its time when the wall clock jumps %s meanwhile', async (_, jumpMs) => {
  limit.resume()
  await clock.advance(10_000)
  clock.jumpTo(clock.now() + jumpMs)
  await clock.advance(19_999)
  expect(over).toBe(0)
  await clock.advance(1)
  expect(over).toBe(1)
})

test.each([
  ['back', -hourMs],
  ['ahead', hourMs],
])('takes nothing from its time, and adds nothing, when the wall clock jumps %s around a pause', async (_, jumpMs) => {
  limit.resume()
  await clock.advance(10_000)
  clock.jumpTo(clock.now() + jumpMs)
  limit.pause()
  await clock.advance(2 * hourMs)
  clock.jumpTo(clock.now() + jumpMs)
  limit.resume()
  await clock.advance(19_999)
  expect(over).toBe(0)
  await clock.advance(1)
  expect(over).toBe(1)
})

test('is never over without a limit', async () => {
  const none = new TimeLimit(0, clock, () => {
    over += 1
  })
  none.resume()
  await clock.advance(1_000 * hourMs)
  none.pause()
  expect(over).toBe(0)
})
