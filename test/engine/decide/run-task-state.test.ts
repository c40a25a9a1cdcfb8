import { describe, expect, it } from 'vitest'
import {
  doesDependMatch,
  isFetched,
  isSettled,
  newRunTask,
  withAllFetched,
  withArchivesFetched,
  withNothingMissing,
} from '../../../src/engine/decide/run-task-state.ts'
import type { RunTask, RunTaskStatus } from '../../../src/engine/model/run.ts'
import type { DependCondition } from '../../../src/engine/model/run-config.ts'
import { aRunStep, aSaveStep, aTask } from '../../support/a-run-config.ts'

const statuses: RunTaskStatus[] = ['notstarted', 'running', 'skipped', 'cancelled', 'stopped', 'success', 'failed']
const steps = [aRunStep(), aSaveStep, aRunStep(), aSaveStep]
const task = newRunTask(aTask({ name: 'a', steps }))
const step = { phase: 'notstarted', logPhase: 'notstarted', exitStatus: null, startTime: null, endTime: null }

describe('a new task', () => {
  it('has not begun, and remembers which steps save archives', () =>
    expect(newRunTask(aTask({ name: 'a', steps }))).toEqual({
      id: 'a',
      status: 'notstarted',
      timedout: false,
      skip: false,
      waitingApproval: false,
      approved: false,
      annotations: {},
      setupStep: step,
      steps: [step, step, step, step],
      workspaceArchives: [1, 3],
      workspaceArchivesPhase: ['notstarted', 'notstarted'],
      failError: '',
      startTime: null,
      endTime: null,
    }))

  it('is skipped from the beginning when its condition does not hold, with nothing to wait for', () => {
    const skipped = newRunTask(aTask({ name: 'a', steps, skip: true }))
    const fetched = { ...step, logPhase: 'finished' }
    expect(skipped).toEqual({
      ...task,
      skip: true,
      status: 'skipped',
      setupStep: fetched,
      steps: [fetched, fetched, fetched, fetched],
      workspaceArchivesPhase: ['finished', 'finished'],
    })
    expect(isFetched(skipped)).toBe(true)
  })
})

describe('a parent', () => {
  it('matches by the table of conditions', () => {
    const table: Record<DependCondition, RunTaskStatus[]> = {
      on_success: ['success'],
      on_failure: ['failed'],
      on_skipped: ['skipped'],
    }
    for (const [condition, matching] of Object.entries(table)) {
      const depend = { taskId: 'a', conditions: [condition as DependCondition] }
      expect(statuses.filter((status) => doesDependMatch(depend, status))).toEqual(matching)
    }
  })

  it('matches when one of several conditions does, and never without any', () => {
    const depend = { taskId: 'a', conditions: ['on_failure', 'on_skipped'] as DependCondition[] }
    expect(statuses.filter((status) => doesDependMatch(depend, status))).toEqual(['skipped', 'failed'])
    expect(statuses.filter((status) => doesDependMatch({ taskId: 'a', conditions: [] }, status))).toEqual([])
  })
})

describe('what is left of a task at its executor', () => {
  const ended = (change: Partial<RunTask>): RunTask => ({ ...withAllFetched(task), status: 'failed', ...change })

  it('is nothing once it has ended and its archives and logs are stored', () => {
    expect(isFetched(ended({}))).toBe(true)
    for (const status of ['notstarted', 'running'] as const) {
      expect(isSettled(ended({ status }))).toBe(false)
      expect(isFetched(ended({ status }))).toBe(false)
    }
  })

  it('is one of its archives: its children wait', () => {
    const one = ended({ workspaceArchivesPhase: ['finished', 'notstarted'] })
    expect([isSettled(one), isFetched(one)]).toEqual([false, false])
    expect(isSettled(withArchivesFetched(one))).toBe(true)
  })

  it('is one of its logs: its children do not wait', () => {
    const setup = ended({ setupStep: task.setupStep })
    const [first, second, ...others] = withAllFetched(task).steps
    if (first === undefined || second === undefined) throw new Error('no steps')
    const one = ended({ steps: [first, { ...second, logPhase: 'notstarted' }, ...others] })
    for (const open of [setup, one]) expect([isSettled(open), isFetched(open)]).toEqual([true, false])
  })

  it('is not what never came to be: logs of steps that did not begin, archives of steps that did not succeed', () => {
    const of = (phase: RunTask['setupStep']['phase']) => ({ ...task.setupStep, phase })
    const before: RunTask = {
      ...task,
      status: 'failed',
      setupStep: of('success'),
      steps: [of('success'), of('success'), of('failed'), of('notstarted')],
    }
    const after = withNothingMissing(before)
    expect(after.setupStep.logPhase).toBe('notstarted')
    expect(after.steps.map(({ logPhase }) => logPhase)).toEqual(['notstarted', 'notstarted', 'notstarted', 'finished'])
    expect(after.workspaceArchivesPhase).toEqual(['notstarted', 'finished'])
    expect(after).toEqual({ ...before, steps: after.steps, workspaceArchivesPhase: after.workspaceArchivesPhase })
    const never = withNothingMissing({ ...task, status: 'stopped' })
    expect(isFetched(never)).toBe(true)
    const broken = withNothingMissing({ ...before, steps: [of('success'), of('failed'), of('running'), of('stopped')] })
    expect(broken.workspaceArchivesPhase).toEqual(['finished', 'finished'])
    expect(broken.steps.map(({ logPhase }) => logPhase)).toEqual(Array(4).fill('notstarted'))
    expect(withNothingMissing({ ...before, workspaceArchivesPhase: ['finished', 'finished'] })).toMatchObject({
      workspaceArchivesPhase: ['finished', 'finished'],
    })
  })
})
