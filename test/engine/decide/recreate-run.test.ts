import { describe, expect, it } from 'vitest'
import { recreateTasks, whyNotRecreatable } from '../../../src/engine/decide/recreate-run.ts'
import { withAllFetched } from '../../../src/engine/decide/run-task-state.ts'
import type { Run, RunTask, RunTaskStatus } from '../../../src/engine/model/run.ts'
import { aRunConfig, aRunningRun, aRunStep } from '../../support/a-run-config.ts'

const config = aRunConfig([
  { name: '1', steps: [aRunStep()] },
  { name: '2', depends: { '1': ['on_success', 'on_failure'] } },
  { name: '3' },
  { name: '4' },
  { name: '5', depends: ['3', '4'] },
])

function aRun(statuses: Record<string, RunTaskStatus>, given: Partial<Run> = {}): Run {
  const run: Run = { ...aRunningRun(config), phase: 'finished', result: 'failed', ...given }
  for (const task of Object.values(run.tasks)) {
    run.tasks[task.id] = withAllFetched({ ...task, status: statuses[task.id] ?? 'notstarted', approved: true })
  }
  return run
}

const recreated = (run: Run, fromStart: boolean) => recreateTasks(run, config, fromStart, (task) => `new-${task.id}`)
const successful = { '1': 'success', '2': 'success', '3': 'success', '4': 'success', '5': 'success' } as const
const allNew = ['new-1', 'new-2', 'new-3', 'new-4', 'new-5']

describe('creating a run again', () => {
  it('makes all tasks new from the start, and from failed ones when nothing had started', () => {
    for (const fromStart of [true, false]) expect(Object.keys(recreated(aRun({}), fromStart).tasks)).toEqual(allNew)
  })

  it('makes all tasks new from the start even when only one failed', () =>
    expect(Object.keys(recreated(aRun({ ...successful, '1': 'failed' }), true).tasks)).toEqual(allNew))

  it('keeps successful tasks, but not those that depend on a failed one', () => {
    const run = aRun({ ...successful, '1': 'failed' })
    const { config: tasks, tasks: runTasks, kept } = recreated(run, false)
    expect(kept.sort()).toEqual(['3', '4', '5'])
    expect(Object.keys(tasks).sort()).toEqual(['3', '4', '5', 'new-1', 'new-2'])
    for (const id of kept) expect(runTasks[id]).toEqual(run.tasks[id])
    const begun: Partial<RunTask> = { status: 'notstarted', approved: false }
    for (const id of ['new-1', 'new-2']) expect(runTasks[id]).toMatchObject({ id, ...begun })
    expect(runTasks['new-1']?.setupStep.logPhase).toBe('notstarted')
  })

  it('skips tasks that run again where that is asked for, and none that are kept', () => {
    const run = aRun({ ...successful, '1': 'failed' })
    const { config: tasks, tasks: runTasks } = recreateTasks(
      run,
      config,
      false,
      (task) => `new-${task.id}`,
      ({ name }) => ['1', '3'].includes(name),
    )
    expect(Object.values(tasks).filter(({ skip }) => skip)).toMatchObject([{ id: 'new-1' }])
    expect(runTasks['new-1']).toMatchObject({ skip: true })
    expect(runTasks['3']).toEqual(run.tasks['3'])
  })

  it('leads dependencies to the new ids and keeps their conditions', () => {
    const { config: tasks } = recreated(aRun({ ...successful, '1': 'failed' }), false)
    expect(tasks['new-2']?.depends).toEqual({
      'new-1': { taskId: 'new-1', conditions: ['on_success', 'on_failure'] },
    })
    expect(Object.keys(tasks['5']?.depends ?? {})).toEqual(['3', '4'])
  })
})

describe('whether a run can be created again', () => {
  const check = (run: Run, fromStart: RegExp | null, fromFailed: RegExp | null) => {
    for (const [answer, expected] of [
      [whyNotRecreatable(run, true), fromStart],
      [whyNotRecreatable(run, false), fromFailed],
    ] as const) {
      if (expected === null) expect(answer).toBeNull()
      else expect(answer).toMatch(expected)
    }
  }

  it('is refused after set-up errors', () => check(aRun({}, { phase: 'setuperror' }), /setup errors/, /setup errors/))
  it('is refused before it has finished', () => {
    check(aRun({}, { phase: 'queued' }), /queued/, /queued/)
    check(aRun({}, { phase: 'running' }), /running/, /running/)
  })
  it('needs the start after success', () => check(aRun(successful, { result: 'success' }), null, /succeeded/))
  it('is allowed both ways after it was cancelled', () =>
    check(aRun({}, { phase: 'cancelled', result: 'unknown' }), null, null))
  it('waits for what successful tasks leave, unless it is from the start', () => {
    const run = aRun({ ...successful, '2': 'failed' })
    const task = run.tasks['1']
    if (task !== undefined) run.tasks['1'] = { ...task, setupStep: { ...task.setupStep, logPhase: 'notstarted' } }
    check(run, null, /not stored yet/)
  })
})
