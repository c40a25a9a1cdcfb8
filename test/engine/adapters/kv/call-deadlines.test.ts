import { expect, test } from 'vitest'
import { CallDeadlines } from '../../../../src/engine/adapters/kv/call-deadlines.ts'
import { SimClock } from '../../../support/sim-clock.ts'

function deadlinesOf(callMsMax: number) {
  const clock = new SimClock()
  const deadlines = new CallDeadlines(clock, callMsMax)
  const expired: string[] = []
  const begin = (name: string) => deadlines.add(() => expired.push(`${name} at ${clock.monotonicMs()}`))
  return { clock, deadlines, expired, begin }
}

test('each call ends when its own time is over, in the order in which they began', async () => {
  const { clock, expired, begin } = deadlinesOf(100)
  begin('first')
  await clock.advance(30)
  begin('second')
  begin('third')
  await clock.advance(99)
  expect(expired).toEqual(['first at 100'])
  await clock.advance(1)
  expect(expired).toEqual(['first at 100', 'second at 130', 'third at 130'])
})

test('a call that has ended is left alone, and does not keep a later one from its end', async () => {
  const { clock, deadlines, expired, begin } = deadlinesOf(100)
  const first = begin('first')
  await clock.advance(50)
  begin('second')
  deadlines.remove(first)
  await clock.advance(1000)
  expect(expired).toEqual(['second at 150'])
})

test('nothing waits while there is no call, and the next one is watched again', async () => {
  const { clock, deadlines, expired, begin } = deadlinesOf(100)
  deadlines.remove(begin('first'))
  await clock.advance(1000)
  expect(clock.nextWakeMs()).toBeUndefined()
  begin('second')
  await clock.advance(100)
  expect(expired).toEqual(['second at 1100'])
})

test('one timer serves any number of calls', async () => {
  const { clock, expired, begin } = deadlinesOf(100)
  let sleeps = 0
  const sleep = clock.sleep.bind(clock)
  clock.sleep = (...args) => {
    sleeps++
    return sleep(...args)
  }
  for (let call = 0; call < 50; call++) begin(`${call}`)
  await clock.advance(100)
  expect(sleeps).toBe(1)
  expect(expired).toHaveLength(50)
})
