import { expect, test } from 'vitest'
import type { TaskPlace } from '../../src/engine/model/activity.ts'
import type { RunTask } from '../../src/engine/model/run.ts'
import { activityLines } from '../../src/views/activity-lines.ts'
import { aRunConfig, aRunningRun, aRunStep } from '../support/a-run-config.ts'

const names = ['over', 'making', 'setting up', 'broken', 'deploy', 'queued', 'later']
const runConfig = aRunConfig(
  names.map((name) => ({
    name,
    steps: [aRunStep('fetch'), aRunStep('make')],
    depends: name === 'later' ? ['over'] : [],
  })),
  { name: 'ci' },
)
const done = { phase: 'success', logPhase: 'notstarted', exitStatus: 0, startTime: 0, endTime: 1_000 } as const
const runs = { ...done, phase: 'running', exitStatus: null, startTime: 4_000, endTime: null } as const

function changed(given: Record<string, Partial<RunTask>>) {
  const run = aRunningRun(runConfig)
  for (const [name, task] of Object.entries(given)) Object.assign(run.tasks[name] ?? {}, task)
  return run
}

function place(runTaskId: string, given: Partial<TaskPlace> = {}): TaskPlace {
  return { runId: 'run-1', runTaskId, isWaiting: false, setUpMessage: '', entrance: null, ...given }
}

const lines = (run = aRunningRun(runConfig), places: TaskPlace[] = []) =>
  activityLines([{ run, runConfig, places }], 9_000)

test('names the run, and every task that does something or waits for somebody', () => {
  const paused = { step: 1, exitStatus: 3, since: 7_000, until: 609_000 }
  const run = changed({
    over: { status: 'success', startTime: 0, endTime: 5_000 },
    making: { status: 'running', startTime: 500, setupStep: done, steps: [done, runs] },
    'setting up': { status: 'running', startTime: 8_000, setupStep: { ...runs, startTime: 8_000 } },
    broken: { status: 'running', startTime: 0, setupStep: done, steps: [done, runs], paused },
    deploy: { waitingApproval: true },
  })
  const places = [
    place('making', { entrance: 'docker exec -it 1234 sh' }),
    place('setting up', { setUpMessage: 'pulling\x1b[31m busybox' }),
    place('broken'),
    place('queued', { isWaiting: true }),
  ]
  expect(lines(run, places)).toEqual([
    'run 1 ci: running for 9.0s, 1 of 7 tasks over',
    '  making: running for 8.5s, step 1 (make) for 5.0s',
    '    look into it with: docker exec -it 1234 sh',
    '  setting up: set-up for 1.0s: pulling busybox',
    '  broken: running for 9.0s, step 1 (make) failed with exit code 3 and is paused for 2.0s, 10m 00s are left',
    '  deploy: waits for approval: agola directrun approve 1 deploy',
    '  queued: waits for a free place',
  ])
})

test('says that a run is queued, and that one is stopping', () => {
  expect(lines({ ...aRunningRun(runConfig), phase: 'queued', startTime: null })).toEqual(['run 1 ci: queued'])
  expect(lines({ ...aRunningRun(runConfig), stop: true })).toEqual([
    'run 1 ci: stopping, running for 9.0s, 0 of 7 tasks over',
  ])
})

test('never shows a negative time when the clock was set back', () => {
  const run = changed({ making: { status: 'running', startTime: 20_000, setupStep: done, steps: [done, runs] } })
  expect(lines(run)).toContain('  making: running for 0.0s, step 1 (make) for 5.0s')
})
