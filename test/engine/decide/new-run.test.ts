import { expect, it } from 'vitest'
import { newRun } from '../../../src/engine/decide/new-run.ts'
import { newRunTask } from '../../../src/engine/decide/run-task-state.ts'
import { aRunConfig, aTask } from '../../support/a-run-config.ts'

const ids = { runId: 'r', runConfigId: 'c', counter: 3, sequence: 8 }
const given = { name: 'ci', group: '/user/u/branch/x', annotations: { ref: 'x' } }

it('a new run is queued, with all tasks as they begin', () => {
  const config = aRunConfig([{ name: 'a' }, { name: 'b', skip: true }], given)
  expect(newRun(config, ids, 77)).toEqual({
    id: 'r',
    runConfigId: 'c',
    counter: 3,
    sequence: 8,
    ...given,
    phase: 'queued',
    result: 'unknown',
    stop: false,
    tasks: { a: newRunTask(aTask({ name: 'a' })), b: newRunTask(aTask({ name: 'b', skip: true })) },
    enqueueTime: 77,
    startTime: null,
    endTime: null,
    archived: false,
    creationTime: 77,
  })
})

it('a run of a config with errors never runs and has no tasks', () => {
  const run = newRun(aRunConfig([{ name: 'a' }], { setupErrors: ['bad'] }), ids, 77)
  expect(run.tasks).toEqual({})
  expect(run).toMatchObject({
    phase: 'setuperror',
    result: 'unknown',
    enqueueTime: 77,
    startTime: null,
    endTime: null,
    archived: false,
  })
})
