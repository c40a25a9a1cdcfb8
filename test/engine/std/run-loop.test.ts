import { describe, expect, it } from 'vitest'
import { ChangeSignal } from '../../../src/engine/std/change-signal.ts'
import { Limit } from '../../../src/engine/std/limit.ts'
import { runLoop } from '../../../src/engine/std/run-loop.ts'
import { silentLog } from '../../support/a-run-service.ts'
import { SimClock, settled } from '../../support/sim-clock.ts'

describe('a loop', () => {
  function world(step: (count: number) => void, work?: (signal: AbortSignal) => Promise<void>) {
    const clock = new SimClock()
    const end = new AbortController()
    let steps = 0
    const service = { name: 'test', step: async () => step(++steps) }
    const options = { clock, log: silentLog, intervalMs: 1000, ...(work && { work }) }
    return { clock, end, done: runLoop(service, options, end.signal), steps: () => steps }
  }

  it('steps at once and after every pause until it is ended', async () => {
    const { clock, end, done, steps } = world(() => undefined)
    await settled()
    expect(steps()).toBe(1)
    await clock.advance(2500)
    expect(steps()).toBe(3)
    end.abort()
    await done
    await clock.advance(5000)
    expect(steps()).toBe(3)
  })

  it('goes on after a step that fails', async () => {
    const { clock, end, done, steps } = world((count) => {
      if (count === 1) throw new Error('once')
    })
    await settled()
    await clock.advance(1000)
    expect(steps()).toBe(2)
    end.abort()
    await done
  })

  it('steps as soon as there is work, also when it came while a step was under way', async () => {
    const changes = new ChangeSignal()
    const work = (signal: AbortSignal) => changes.after('x', changes.version('x'), signal)
    const { end, done, steps } = world((count) => {
      if (count === 1) changes.changed('x')
    }, work)
    await settled()
    expect(steps()).toBe(2)
    changes.changed('x')
    await settled()
    expect(steps()).toBe(3)
    end.abort()
    await done
  })
})

describe('a limit', () => {
  it('lets as many works go on as it allows, in the order of their coming', async () => {
    const limit = new Limit(2)
    const started: number[] = []
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
    const works = gates.map((gate, n) =>
      limit.run(async () => {
        started.push(n)
        await gate.promise
      }),
    )
    await settled()
    expect(started).toEqual([0, 1])
    gates[1]?.reject(new Error('fails'))
    await expect(works[1]).rejects.toThrow('fails')
    await settled()
    expect(started).toEqual([0, 1, 2])
    for (const gate of gates) gate.resolve()
    await Promise.allSettled(works)
    expect(started).toEqual([0, 1, 2, 3])
  })
})

describe('a change signal', () => {
  it('wakes those who know less than has happened, and nobody else', async () => {
    const changes = new ChangeSignal()
    changes.changed('a')
    await changes.after('a', 0)
    let isWoken = false
    void changes.after('a', 1).then(() => {
      isWoken = true
    })
    changes.changed('b')
    await settled()
    expect(isWoken).toBe(false)
    changes.changed('a')
    await settled()
    expect(isWoken).toBe(true)
  })

  it('gives up with the reason of its signal', async () => {
    const end = new AbortController()
    const wait = new ChangeSignal().after('a', 0, end.signal)
    end.abort(new Error('enough'))
    await expect(wait).rejects.toThrow('enough')
  })
})
