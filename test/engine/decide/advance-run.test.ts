import { describe, expect, it } from 'vitest'
import { advanceRun, type RunFacts, type RunTally } from '../../../src/engine/decide/advance-run.ts'
import type { RunPhase } from '../../../src/engine/model/run.ts'
import { aRunConfig, aRunningRun } from '../../support/a-run-config.ts'

const { tasks: _, ...running } = aRunningRun(aRunConfig([]))
const done: RunTally = { unfinished: 0, failed: 0, executorTasks: 0 }
const now = 50

/** What changes in a run that is running; nothing at all is the same object. */
function check(run: Partial<RunFacts>, tally: Partial<RunTally>, expected: Partial<RunFacts>): void {
  const before = { ...running, ...run }
  const after = advanceRun(before, { ...done, ...tally }, now)
  expect(after).toEqual({ ...before, ...expected })
  expect(after === before).toBe(Object.keys(expected).length === 0)
}

describe('one pass over a run', () => {
  it('leaves a run alone while tasks are open', () => check({}, { unfinished: 1, executorTasks: 1 }, {}))
  it('says success once all tasks have ended, and only that', () => check({}, {}, { result: 'success' }))
  it('says success while executors still hold what tasks left', () =>
    check({}, { executorTasks: 2 }, { result: 'success' }))
  it('says failed as soon as one task has failed', () => {
    check({}, { failed: 1, unfinished: 3 }, { result: 'failed' })
    check({}, { failed: 1 }, { result: 'failed' })
  })
  it('says failed rather than stopped', () => check({ stop: true }, { failed: 1, unfinished: 1 }, { result: 'failed' }))
  it('says stopped when it has to stop and tasks are open', () =>
    check({ stop: true }, { unfinished: 1 }, { result: 'stopped' }))
  it('says success rather than stopped when the last tasks have ended by themselves', () =>
    check({ stop: true }, {}, { result: 'success' }))
  it('never changes a result', () => {
    check({ result: 'success', stop: true }, { failed: 1, unfinished: 1 }, {})
    check({ result: 'failed' }, { unfinished: 1 }, {})
    check({ result: 'stopped' }, { failed: 1, executorTasks: 1 }, {})
  })
  it('finishes a run that has a result once no task is open and no executor holds anything', () => {
    for (const result of ['success', 'failed', 'stopped'] as const) {
      check({ result }, {}, { phase: 'finished', endTime: now })
      check({ result }, { unfinished: 1 }, {})
      check({ result }, { executorTasks: 1 }, {})
    }
  })
  it('leaves alone what does not run', () => {
    const phases: RunPhase[] = ['queued', 'cancelled', 'finished', 'setuperror']
    for (const phase of phases) {
      check({ phase, stop: true }, {}, {})
      check({ phase, result: 'failed' }, { failed: 1 }, {})
    }
  })
})
