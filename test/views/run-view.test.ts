import { expect, test } from 'vitest'
import type { ProgressEvent } from '../../src/engine/model/progress-event.ts'
import { currentStep, type RunView, reduceRuns } from '../../src/views/run-view.ts'
import {
  approvalRequired,
  output,
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskPaused,
  taskResumed,
  taskStarted,
} from './progress-events.ts'

const after = (...events: ProgressEvent[]): readonly RunView[] => events.reduce(reduceRuns, [] as readonly RunView[])
const created = runCreated({ build: ['compile', 'pack'], deploy: [] })
const compile = step('compile')

test('a run begins with all its tasks not started', () => {
  const [run] = after(created)
  expect(run).toMatchObject({ number: 1, name: 'checks', phase: 'queued', result: 'unknown', durationMs: null })
  expect(run?.tasks.map((task) => [task.name, task.status, task.steps.length])).toEqual([
    ['build', 'notstarted', 2],
    ['deploy', 'notstarted', 0],
  ])
})

test('a task runs with its current step, and its run with it', () => {
  const [run] = after(created, taskStarted('build', 2000), stepStarted('build', compile, 2100))
  expect(run?.phase).toBe('running')
  expect(run?.tasks[0]).toMatchObject({ status: 'running', startedAt: 2000 })
  expect(run?.tasks[0] && currentStep(run.tasks[0])).toMatchObject({
    name: 'compile',
    phase: 'running',
    startedAt: 2100,
  })
})

test('of a failed task the failed step is the one to look at', () => {
  const [run] = after(
    created,
    taskStarted('build'),
    stepStarted('build', compile),
    stepFinished('build', compile, 'failed', 3),
    taskFinished('build', 'failed', 'why'),
    runFinished('failed'),
  )
  expect(run).toMatchObject({ phase: 'finished', result: 'failed', durationMs: 65_000 })
  expect(run?.tasks[0]).toMatchObject({ status: 'failed', failError: 'why', durationMs: 1500 })
  expect(run?.tasks[0] && currentStep(run.tasks[0])).toMatchObject({ name: 'compile', exitStatus: 3, durationMs: 1000 })
})

test('a failing set-up is a step too', () => {
  const setup = step('setup', -1, 'setup')
  const [run] = after(
    created,
    stepStarted('build', setup),
    stepFinished('build', setup, 'failed', null),
    taskFinished('build', 'failed'),
  )
  expect(run?.tasks[0] && currentStep(run.tasks[0])).toMatchObject({ index: -1, phase: 'failed' })
})

test('a task waits for approval until it starts', () => {
  const waiting = after(created, approvalRequired('deploy'))
  expect(waiting[0]?.tasks[1]?.waitingApproval).toBe(true)
  expect(waiting[0]?.phase).toBe('queued')
  expect(reduceRuns(waiting, taskStarted('deploy'))[0]?.tasks[1]?.waitingApproval).toBe(false)
})

test('what did not change keeps its identity, so that a screen draws only what changed', () => {
  const before = after(created, taskStarted('build'))
  expect(reduceRuns(before, output('build', compile, 'x'))).toBe(before)
  expect(reduceRuns(before, taskStarted('unknown'))).toBe(before)
  expect(reduceRuns(before, { ...runFinished(), run: 99 })).toBe(before)
  const next = reduceRuns(before, stepStarted('build', compile))
  expect(next[0]?.tasks[1]).toBe(before[0]?.tasks[1])
  expect(next[0]?.tasks[0]).not.toBe(before[0]?.tasks[0])
})

test('events that come late do not bring a finished task back', () => {
  const done = after(created, taskStarted('build'), taskFinished('build'))
  expect(reduceRuns(done, taskStarted('build'))[0]?.tasks[0]?.status).toBe('success')
  expect(reduceRuns(done, stepStarted('build', compile))[0]?.tasks[0]?.status).toBe('success')
})

test('several runs stand side by side', () => {
  const runs = after(created, { ...created, run: 2 }, { ...taskStarted('build'), run: 2 })
  expect(runs.map((run) => [run.number, run.phase])).toEqual([
    [1, 'queued'],
    [2, 'running'],
  ])
})

test('a task is paused until it is resumed or ends', () => {
  const events = [created, taskStarted('build'), stepStarted('build', compile), taskPaused('build', compile)]
  const [paused] = after(...events)
  expect(paused?.tasks[0]).toMatchObject({ status: 'running', paused: { step: 0, exitStatus: 3, until: 63_000 } })
  for (const end of [taskResumed('build', compile), taskFinished('build', 'failed')])
    expect(after(...events, end)[0]?.tasks[0]?.paused).toBeNull()
  expect(
    after(...events, taskFinished('build', 'failed'), taskPaused('build', compile))[0]?.tasks[0]?.paused,
  ).toBeNull()
})
