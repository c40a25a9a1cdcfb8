import { expect, test } from 'vitest'
import type { RunTask } from '../../src/engine/model/run.ts'
import { taskDetailsText } from '../../src/views/task-details.ts'
import { aRunConfig, aRunningRun, aRunStep } from '../support/a-run-config.ts'

const runConfig = aRunConfig(
  [
    { name: 'build' },
    { name: 'lint' },
    {
      name: 'deploy',
      depends: { build: ['on_success'], lint: ['on_success', 'on_skipped'] },
      steps: [aRunStep('fetch'), aRunStep('publish it'), aRunStep('tell')],
      needsApproval: true,
    },
  ],
  { name: 'ci' },
)
const step = { phase: 'success', logPhase: 'finished', exitStatus: 0, startTime: 1_000, endTime: 2_500 } as const

function details(task: Partial<RunTask>, id = 'deploy'): string {
  const run = aRunningRun(runConfig)
  Object.assign(run.tasks.deploy ?? {}, task)
  return taskDetailsText({ run, runConfig }, id, { color: false, now: 63_000 })
}

test('shows what a task depends on, who approved it, and each of its steps with its exit code and times', () => {
  const text = details({
    status: 'failed',
    approved: true,
    annotations: { approvers: '["local:ann@one","local:bob@two"]' },
    startTime: 500,
    endTime: 9_000,
    failError: 'main container ended (out of memory)',
    setupStep: { ...step, exitStatus: null },
    steps: [step, { ...step, phase: 'failed', exitStatus: 137, endTime: 8_000 }, { ...step, phase: 'notstarted' }],
  })
  expect(text).toBe(`✗ deploy of run 1 ci  failed
  after      build (on_success), lint (on_success, on_skipped)
  approval   approved by local:ann@one, local:bob@two
  started    1970-01-01T00:00:00.500Z
  ended      1970-01-01T00:00:09.000Z
  duration   8.5s
  main container ended (out of memory)
       setup       success  1.5s  from 1970-01-01T00:00:01.000Z
    0  fetch       success, exit code 0  1.5s  from 1970-01-01T00:00:01.000Z
    1  publish it  failed, exit code 137  7.0s  from 1970-01-01T00:00:01.000Z
    2  tell        not started
`)
})

test('shows of a task that has not begun what it waits for', () => {
  expect(details({ waitingApproval: true })).toContain('  approval   waited for\n  started    not yet\n')
  const one = { waitingApproval: true, annotations: { approvers: '["ann"]' } }
  expect(details(one)).toContain('  approval   waited for, approved by ann so far\n')
  expect(details({})).toContain('  approval   needed\n')
})

test('counts up to now for a task that runs, and says at which step it is paused', () => {
  const text = details({
    status: 'running',
    startTime: 3_000,
    setupStep: step,
    steps: [{ ...step, phase: 'running', exitStatus: null, endTime: null }],
    paused: { step: 0, exitStatus: 3, since: 4_000, until: 90_000 },
  })
  expect(text).toContain('  duration   1m 00s\n  paused     at step 0, until 1970-01-01T00:01:30.000Z\n')
  expect(text).toContain('    0  fetch       running  1m 02s  from ')
})

test('is empty for a task that the run has not', () => {
  expect(details({}, 'x')).toBe('')
})
