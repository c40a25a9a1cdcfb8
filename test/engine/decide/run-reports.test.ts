import { describe, expect, it } from 'vitest'
import { executorGone } from '../../../src/engine/decide/executor-task-status.ts'
import type { RunDraft } from '../../../src/engine/decide/run-draft.ts'
import {
  closeGoneExecutorTask,
  closeOrphan,
  markArchivesFetched,
  markFetched,
  reportExecutorTask,
} from '../../../src/engine/decide/run-reports.ts'
import { isFetched, withAllFetched } from '../../../src/engine/decide/run-task-state.ts'
import type { ExecutorTaskStatus } from '../../../src/engine/model/executor-task.ts'
import type { ExecutionPhase } from '../../../src/engine/model/run.ts'
import { aRunStep, aSaveStep, type TaskSketch } from '../../support/a-run-config.ts'
import { aDraft, statusesOf, writesOf } from './a-run-draft.ts'

const sketch: TaskSketch = { name: 'a', steps: [aRunStep(), aSaveStep] }
const scheduled = () => aDraft([sketch], { scheduled: ['a'] })

function statusOf(draft: RunDraft, id: string): ExecutorTaskStatus {
  const task = draft.executorTask(id)
  if (task === undefined) throw new Error(`nobody has ${id}`)
  return task.status
}

/** The task of a draft in this phase, its steps too as far as they are given. */
function report(draft: RunDraft, phase: ExecutionPhase, steps: ExecutionPhase[] = []): void {
  const status = statusOf(draft, 'a')
  reportExecutorTask(draft, 'a', {
    ...status,
    phase,
    steps: status.steps.map((step, index) => ({ ...step, phase: steps[index] ?? step.phase })),
  })
}

describe('a report about a task', () => {
  it('is taken over by the executor task and the task, in this order', () => {
    const draft = scheduled()
    report(draft, 'running', ['running'])
    expect(statusOf(draft, 'a').phase).toBe('running')
    expect(draft.task('a')).toMatchObject({ status: 'running', steps: [{ phase: 'running' }, { phase: 'notstarted' }] })
    expect(writesOf(draft)).toEqual(['executorTask a', 'task a'])
  })

  it('that says nothing new changes nothing', () => {
    const draft = scheduled()
    report(draft, 'running')
    report(draft, 'running')
    expect(draft.writes).toHaveLength(2)
  })

  it('that comes too late changes nothing', () => {
    const draft = scheduled()
    report(draft, 'success', ['success', 'success'])
    const { length } = draft.writes
    for (const late of ['notstarted', 'running', 'failed', 'stopped', 'cancelled'] as const) report(draft, late)
    expect(draft.writes).toHaveLength(length)
    expect(draft.task('a').status).toBe('success')
  })

  it('about a task that no executor has changes nothing', () => {
    const draft = aDraft([sketch])
    const { status } = aDraft([sketch], { scheduled: ['a'] }).executorTasks()[0] ?? {}
    if (status !== undefined) reportExecutorTask(draft, 'a', { ...status, phase: 'running' })
    expect(draft.writes).toEqual([])
  })

  it('that does not fit the task any more is noted, and leaves the task as it is', () => {
    const draft = aDraft([sketch], { scheduled: ['a'], tasks: { a: { status: 'skipped' } } })
    report(draft, 'running')
    expect(writesOf(draft)).toEqual(['executorTask a'])
    expect(draft.task('a').status).toBe('skipped')
  })

  it('of the end lets nobody wait for what does not exist', () => {
    const draft = scheduled()
    report(draft, 'failed', ['failed'])
    expect(draft.task('a')).toMatchObject({
      setupStep: { logPhase: 'finished' },
      steps: [{ logPhase: 'notstarted' }, { logPhase: 'finished' }],
      workspaceArchivesPhase: ['finished'],
    })
    expect(draft.executorTask('a')).toBeDefined()
  })

  it('of the end lets the executor forget a task of which there is nothing to fetch', () => {
    const draft = scheduled()
    report(draft, 'cancelled')
    expect(draft.task('a').status).toBe('cancelled')
    expect(draft.executorTask('a')).toBeUndefined()
    expect(writesOf(draft)).toEqual(['executorTask a', 'task a', 'deleteExecutorTask a'])
  })

  it('before the end never lets the executor forget it', () => {
    const draft = aDraft([{ name: 'a' }], { scheduled: ['a'] })
    report(draft, 'running')
    expect(draft.executorTask('a')).toBeDefined()
    expect(draft.task('a').setupStep.logPhase).toBe('notstarted')
  })
})

describe('what was fetched', () => {
  function ended(): RunDraft {
    const draft = scheduled()
    report(draft, 'success', ['success', 'success'])
    return draft
  }

  it('is the archives first, once', () => {
    const draft = ended()
    const { length } = draft.writes
    markArchivesFetched(draft, 'a')
    expect(draft.task('a').workspaceArchivesPhase).toEqual(['finished'])
    expect(draft.executorTask('a')).toBeDefined()
    markArchivesFetched(draft, 'a')
    expect(draft.writes).toHaveLength(length + 1)
  })

  it('is all of the archives, not only one', () => {
    const draft = aDraft([{ name: 'a', steps: [aSaveStep, aSaveStep] }], {
      tasks: { a: { status: 'success', workspaceArchivesPhase: ['finished', 'notstarted'] } },
    })
    markArchivesFetched(draft, 'a')
    expect(draft.task('a').workspaceArchivesPhase).toEqual(['finished', 'finished'])
  })

  it('is everything then, and the executor may forget the task', () => {
    const draft = ended()
    markFetched(draft, 'a')
    expect(isFetched(draft.task('a'))).toBe(true)
    expect(draft.executorTask('a')).toBeUndefined()
    const { length } = draft.writes
    markFetched(draft, 'a')
    expect(draft.writes).toHaveLength(length)
  })

  it('is everything with the archives when the logs were there before', () => {
    const draft = ended()
    draft.setTask({ ...withAllFetched(draft.task('a')), workspaceArchivesPhase: ['notstarted'] })
    markArchivesFetched(draft, 'a')
    expect(draft.executorTask('a')).toBeUndefined()
  })

  it('is nothing to a run without the task', () => {
    const draft = ended()
    const { length } = draft.writes
    markArchivesFetched(draft, 'x')
    markFetched(draft, 'x')
    expect(draft.writes).toHaveLength(length)
  })

  it('of a task that was fetched before still frees its executor', () => {
    const draft = scheduled()
    draft.setTask({ ...withAllFetched(draft.task('a')), status: 'failed' })
    markFetched(draft, 'a')
    expect(writesOf(draft)).toEqual(['task a', 'deleteExecutorTask a'])
  })
})

describe('a task whose executor is gone', () => {
  const now = 9
  const taskOf = (draft: RunDraft) => {
    const [task] = draft.executorTasks()
    if (task === undefined) throw new Error('no executor task')
    return task
  }

  it('has failed, and what the executor held is lost with it', () => {
    const draft = scheduled()
    report(draft, 'running', ['running'])
    closeGoneExecutorTask(draft, taskOf(draft), { now, leavesFiles: false })
    expect(draft.task('a')).toMatchObject({ status: 'failed', endTime: now, failKind: 'unavailable' })
    expect(isFetched(draft.task('a'))).toBe(true)
    expect(draft.executorTask('a')).toBeUndefined()
  })

  it('has failed, and its files are fetched where they outlive the executor', () => {
    const draft = scheduled()
    report(draft, 'running', ['running'])
    closeGoneExecutorTask(draft, taskOf(draft), { now, leavesFiles: true })
    expect(draft.task('a').status).toBe('failed')
    expect(isFetched(draft.task('a'))).toBe(false)
    expect(draft.executorTask('a')).toBeDefined()
  })

  it('began and ended now when it never began', () =>
    expect(executorGone(taskOf(scheduled()).status, now)).toMatchObject({
      startTime: now,
      endTime: now,
      phase: 'failed',
    }))
})

describe('a run whose owner died', () => {
  const loss = { now: 9, leavesFiles: false }
  const tasks: TaskSketch[] = [{ name: 'a' }, { name: 'b' }, { name: 'c', depends: ['a'] }]
  const isGone = (id: string) => id === 'gone'

  it('is cancelled when it had not begun', () => {
    const draft = aDraft(tasks, { run: { phase: 'queued', startTime: null } })
    closeOrphan(draft, isGone, loss)
    expect(draft.header).toMatchObject({ phase: 'cancelled', endTime: 9, stop: false })
  })

  it('is stopped, and what gone executors had has failed', () => {
    const draft = aDraft(tasks, { scheduled: { a: 'gone', b: 'alive' } })
    closeOrphan(draft, isGone, loss)
    expect(draft.header.stop).toBe(true)
    expect(statusesOf(draft)).toEqual({ a: 'failed', b: 'notstarted', c: 'notstarted' })
    expect(draft.executorTasks().map(({ runTaskId, stop }) => [runTaskId, stop])).toEqual([['b', true]])
    draft.decide(10)
    expect(statusesOf(draft)).toEqual({ a: 'failed', b: 'notstarted', c: 'skipped' })
  })

  it('is left alone once it has ended', () => {
    for (const phase of ['finished', 'cancelled', 'setuperror'] as const) {
      const draft = aDraft(tasks, { run: { phase }, scheduled: { a: 'gone' } })
      closeOrphan(draft, isGone, loss)
      expect(draft.writes).toEqual([])
    }
  })
})
