import { describe, expect, it } from 'vitest'
import { type AssignOptions, assignTasks } from '../../../src/engine/decide/assign-tasks.ts'
import type { RunDraft } from '../../../src/engine/decide/run-draft.ts'
import { isFetched } from '../../../src/engine/decide/run-task-state.ts'
import type { Executor } from '../../../src/engine/model/executor.ts'
import { aContainer, aSaveStep, type TaskSketch } from '../../support/a-run-config.ts'
import { anExecutor } from '../../support/an-executor.ts'
import { aDraft, statusesOf } from './a-run-draft.ts'

const now = 1000
const onArm: TaskSketch['runtime'] = { type: 'pod', arch: 'arm64', containers: [aContainer()] }
const privileged: TaskSketch['runtime'] = {
  type: 'pod',
  arch: '',
  containers: [aContainer(), aContainer({ privileged: true })],
}

/** Decides the run once and assigns; who got what, and whether a task is left waiting. */
function assign(draft: RunDraft, executors: Partial<Executor>[], given: Partial<AssignOptions> = {}) {
  const assigned = new Map<string, number>()
  draft.decide(now)
  const isWaiting = assignTasks(draft, {
    pool: {
      executors: executors.map((executor) => anExecutor({ lastStatusUpdateTime: now, ...executor })),
      assigned: (id) => assigned.get(id) ?? 0,
    },
    executorTaskId: (runId, taskId) => `${runId}/${taskId}`,
    onAssigned: ({ executorId }) => assigned.set(executorId, (assigned.get(executorId) ?? 0) + 1),
    failUnplaceable: false,
    now,
    ...given,
  })
  return { isWaiting, tasks: draft.executorTasks().map(({ runTaskId, executorId }) => [runTaskId, executorId]) }
}

describe('giving tasks to executors', () => {
  it('gives each task that is free to start to an executor with room', () => {
    const draft = aDraft([{ name: 'a' }, { name: 'b' }, { name: 'c', depends: ['a'] }])
    expect(assign(draft, [{ id: 'x' }])).toEqual({
      isWaiting: false,
      tasks: [
        ['a', 'x'],
        ['b', 'x'],
      ],
    })
    expect(draft.executorTask('a')).toMatchObject({
      id: 'run-1/a',
      runId: 'run-1',
      runTaskId: 'a',
      stop: false,
      status: { phase: 'notstarted', startTime: null },
    })
    expect(draft.task('a').status).toBe('notstarted')
  })

  it('counts what it gives away against the limit', () => {
    const tasks = ['a', 'b', 'c'].map((name) => ({ name }))
    const two = [
      { id: 'x', activeTasksLimit: 1 },
      { id: 'y', activeTasksLimit: 1 },
    ]
    expect(assign(aDraft(tasks), two)).toEqual({
      isWaiting: true,
      tasks: [
        ['a', 'x'],
        ['b', 'y'],
      ],
    })
  })

  it('lets no task that finds no executor hold up the others', () => {
    const draft = aDraft([{ name: 'a', runtime: onArm }, { name: 'b', runtime: privileged }, { name: 'c' }])
    expect(assign(draft, [{ id: 'x', archs: ['amd64'] }])).toEqual({ isWaiting: true, tasks: [['c', 'x']] })
    expect(statusesOf(draft)).toEqual({ a: 'notstarted', b: 'notstarted', c: 'notstarted' })
  })

  it('waits for an executor as long as there is none', () => {
    for (const failUnplaceable of [false, true]) {
      const draft = aDraft([{ name: 'a' }])
      expect(assign(draft, [], { failUnplaceable })).toEqual({ isWaiting: true, tasks: [] })
      expect(draft.task('a').status).toBe('notstarted')
    }
  })

  it('has nothing to give when no task is free to start', () =>
    expect(assign(aDraft([]), [{ id: 'x' }])).toEqual({ isWaiting: false, tasks: [] }))
})

describe('where no other executor can come', () => {
  it('a task that none could ever run fails at once, and its children are decided', () => {
    const draft = aDraft([
      { name: 'a', runtime: onArm, steps: [aSaveStep] },
      { name: 'b', depends: ['a'] },
      { name: 'c', depends: { a: ['on_failure'] } },
      { name: 'd', runtime: privileged, depends: { a: ['on_failure'] } },
      { name: 'e' },
    ])
    const { isWaiting, tasks } = assign(draft, [{ id: 'x', archs: ['amd64'] }], { failUnplaceable: true })
    expect({ isWaiting, tasks }).toEqual({
      isWaiting: false,
      tasks: [
        ['e', 'x'],
        ['c', 'x'],
      ],
    })
    expect(statusesOf(draft)).toEqual({ a: 'failed', b: 'skipped', c: 'notstarted', d: 'failed', e: 'notstarted' })
    expect(draft.task('a')).toMatchObject({ startTime: now, endTime: now })
    expect(draft.task('a').failError).toMatch(/needs the architecture arm64.*only amd64/)
    expect(draft.task('d').failError).toMatch(/privileged/)
    expect(isFetched(draft.task('a'))).toBe(true)
    expect(draft.header.result).toBe('failed')
  })

  it('those that can run are given away first, and the others fail for reasons of their own', () => {
    const draft = aDraft([{ name: 'a', runtime: privileged }, { name: 'b', runtime: onArm }, { name: 'c' }])
    const { isWaiting, tasks } = assign(draft, [{ id: 'x', archs: ['amd64'] }], { failUnplaceable: true })
    expect({ isWaiting, tasks }).toEqual({ isWaiting: false, tasks: [['c', 'x']] })
    expect(draft.task('a').failError).toMatch(/privileged/)
    expect(draft.task('b').failError).toMatch(/arm64/)
  })

  it('what has no parents and no place yet is cancelled with the run that such a task fails', () => {
    const draft = aDraft([{ name: 'a', runtime: privileged }, { name: 'b' }, { name: 'c' }])
    const { isWaiting, tasks } = assign(draft, [{ id: 'x', activeTasksLimit: 1 }], { failUnplaceable: true })
    expect({ isWaiting, tasks }).toEqual({ isWaiting: false, tasks: [['b', 'x']] })
    expect(statusesOf(draft)).toEqual({ a: 'failed', b: 'notstarted', c: 'cancelled' })
  })

  it('a task that only has to wait for room does not fail', () => {
    const draft = aDraft([{ name: 'a' }])
    const full = { id: 'x', activeTasksLimit: 1, activeTasks: 1 }
    expect(assign(draft, [full], { failUnplaceable: true })).toEqual({ isWaiting: true, tasks: [] })
    expect(draft.task('a').status).toBe('notstarted')
  })
})
