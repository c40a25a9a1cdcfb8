import { describe, expect, it } from 'vitest'
import { stopRun } from '../../../src/engine/decide/run-actions.ts'
import { RunDraft } from '../../../src/engine/decide/run-draft.ts'
import { isFetched } from '../../../src/engine/decide/run-task-state.ts'
import type { RunTask } from '../../../src/engine/model/run.ts'
import { aContainer, aSaveStep, type TaskSketch } from '../../support/a-run-config.ts'
import {
  aDraft,
  anExecutorTask,
  aRunState,
  give,
  statusesOf,
  takePreparable,
  takeReady,
  writesOf,
} from './a-run-draft.ts'

const chain: TaskSketch[] = [{ name: 'a' }, { name: 'b', depends: ['a'] }, { name: 'c', depends: ['b'] }]
const set = (draft: RunDraft, id: string, change: Partial<RunTask>) => draft.setTask({ ...draft.task(id), ...change })

describe('a draft', () => {
  it('shows what it changed and leaves the stored run alone until it is accepted', () => {
    const state = aRunState(chain, { scheduled: ['a'] })
    const before = structuredClone(state.run)
    const draft = new RunDraft(state)
    set(draft, 'a', { status: 'success' })
    draft.deleteExecutorTask('a')
    give(draft, 'b')
    draft.setHeader({ ...draft.header, stop: true })
    expect(draft.task('a').status).toBe('success')
    expect(draft.executorTasks().map(({ id }) => id)).toEqual(['et-b'])
    expect(state.run).toEqual(before)
    expect([...state.executorTasks.keys()]).toEqual(['a'])
    draft.accept()
    expect(state.run).toEqual({
      ...before,
      stop: true,
      tasks: { ...before.tasks, a: { ...before.tasks.a, status: 'success' } },
    })
    expect([...state.executorTasks.keys()]).toEqual(['b'])
  })

  it('tells changes of phase and result apart from others', () => {
    const draft = aDraft(chain)
    draft.setHeader({ ...draft.header, stop: true })
    draft.setHeader({ ...draft.header, result: 'failed' })
    draft.setHeader({ ...draft.header, phase: 'finished' })
    draft.setHeader({ ...draft.header, archived: true })
    const transitions = draft.writes.map((write) => (write.type === 'header' ? write.transition : undefined))
    expect(transitions).toEqual([
      null,
      { phase: 'running', result: 'failed' },
      { phase: 'finished', result: 'failed' },
      null,
    ])
    expect(draft.writes.every((write) => write.type === 'header' && !('tasks' in write.header))).toBe(true)
  })

  it('has no task that the run has not, not even one that every object has', () => {
    const draft = aDraft(chain)
    for (const id of ['x', 'constructor', '__proto__']) {
      expect(draft.findTask(id)).toBeUndefined()
      expect(() => draft.task(id)).toThrow(
        expect.objectContaining({ code: 'assertionFailed', message: `run run-1 has no task ${id}` }),
      )
    }
  })

  it('forgets an executor task once', () => {
    const draft = aDraft(chain, { scheduled: ['a'], tasks: { a: { status: 'success' } } })
    draft.deleteExecutorTask('a')
    draft.deleteExecutorTask('a')
    draft.deleteExecutorTask('b')
    expect(writesOf(draft)).toEqual(['deleteExecutorTask a'])
    expect(draft.progress.tally.executorTasks).toBe(0)
  })

  it('counts an executor task once, however often it is changed', () => {
    const draft = aDraft(chain)
    give(draft, 'a')
    const [task] = draft.executorTasks()
    if (task !== undefined) draft.setExecutorTask({ ...task, stop: true })
    expect(draft.progress.tally).toEqual({ unfinished: 3, failed: 0, executorTasks: 1 })
    expect(draft.executorTask('a')?.stop).toBe(true)
  })

  it('leaves no trace in the counts when it is rejected', () => {
    const state = aRunState(chain)
    const draft = new RunDraft(state)
    draft.decide(1)
    give(draft, 'a')
    set(draft, 'a', { status: 'failed' })
    draft.reject()
    expect(state.progress.tally).toEqual({ unfinished: 3, failed: 0, executorTasks: 0 })
    const again = new RunDraft(state)
    again.decide(2)
    expect(takeReady(again)).toEqual(['a'])
  })
})

describe('what is free to start', () => {
  const onArm: TaskSketch['runtime'] = { type: 'pod', arch: 'arm64', containers: [aContainer()] }
  const privileged: TaskSketch['runtime'] = { type: 'pod', arch: '', containers: [aContainer({ privileged: true })] }

  it('stays first until an executor has it', () => {
    const draft = aDraft([{ name: 'a' }, { name: 'b' }])
    draft.decide(1)
    for (let time = 0; time < 2; time++) {
      expect(draft.firstReady(() => true)).toEqual({ id: 'a', need: { arch: '', privileged: false } })
    }
    give(draft, 'a')
    expect(draft.firstReady(() => true)?.id).toBe('b')
    give(draft, 'b')
    expect(draft.firstReady(() => true)).toBeUndefined()
  })

  it('is looked for among possible needs alone, first the first of all', () => {
    const draft = aDraft([
      { name: 'a', runtime: privileged },
      { name: 'b', runtime: onArm },
      { name: 'c' },
      { name: 'd', runtime: onArm },
    ])
    draft.decide(1)
    const first = (isPossible: Parameters<RunDraft['firstReady']>[0]) => draft.firstReady(isPossible)?.id
    expect(first(() => true)).toBe('a')
    expect(first(({ privileged }) => !privileged)).toBe('b')
    expect(first(({ arch, privileged }) => arch === '' && !privileged)).toBe('c')
    expect(first(() => false)).toBeUndefined()
    give(draft, 'b')
    expect(first(({ arch }) => arch === 'arm64')).toBe('d')
    expect(draft.progress.ready).toHaveLength(3)
    expect(takeReady(draft)).toEqual(['a', 'c', 'd'])
  })

  it('is nothing before the run begins and after it has ended', () => {
    for (const phase of ['queued', 'finished'] as const) {
      const draft = aDraft([{ name: 'a' }])
      draft.decide(1)
      draft.setHeader({ ...draft.header, phase })
      expect(draft.firstReady(() => true)).toBeUndefined()
    }
  })

  it('is a task again whose executor never began it', () => {
    const draft = aDraft([{ name: 'a' }])
    draft.decide(1)
    expect(takeReady(draft)).toEqual(['a'])
    draft.deleteExecutorTask('a')
    draft.decide(2)
    expect(takeReady(draft)).toEqual(['a'])
  })
})

describe('deciding', () => {
  it('goes as far as it can in one go, and writes each step in an order that can be resumed', () => {
    const draft = aDraft([...chain, { name: 'd', depends: { c: ['on_failure'] } }], {
      tasks: { a: { status: 'failed' } },
    })
    set(draft, 'a', { setupStep: { ...draft.task('a').setupStep, logPhase: 'finished' } })
    draft.decide(5)
    expect(statusesOf(draft)).toEqual({ a: 'failed', b: 'skipped', c: 'skipped', d: 'skipped' })
    expect(draft.header).toMatchObject({ phase: 'finished', result: 'failed', endTime: 5 })
    expect(writesOf(draft)).toEqual(['task a', 'header', 'task b', 'task c', 'task d', 'header'])
  })

  it('closes what a cancelled run has, with nothing left to fetch', () => {
    const draft = aDraft(
      [
        { name: 'a', steps: [aSaveStep] },
        { name: 'b', depends: ['a'] },
      ],
      { run: { phase: 'cancelled' } },
    )
    draft.decide(5)
    expect(statusesOf(draft)).toEqual({ a: 'cancelled', b: 'cancelled' })
    expect(isFetched(draft.task('a'))).toBe(true)
    expect(draft.progress.isFetched).toBe(true)
    expect(draft.header.phase).toBe('cancelled')
  })

  it('does nothing to a queued run', () => {
    const draft = aDraft(chain, { run: { phase: 'queued', stop: true } })
    draft.decide(5)
    expect(draft.writes).toEqual([])
  })

  it('skips on a stop what no executor has, and leaves the rest to its executor', () => {
    const draft = aDraft(chain, { scheduled: ['a'] })
    stopRun(draft)
    draft.decide(5)
    expect(statusesOf(draft)).toEqual({ a: 'notstarted', b: 'skipped', c: 'skipped' })
    expect(draft.header).toMatchObject({ phase: 'running', result: 'stopped' })
  })

  it('cancels, once the run has a result, what has no parents and no executor; the others are decided by their conditions', () => {
    const draft = aDraft(
      [
        { name: 'a' },
        { name: 'b' },
        { name: 'c' },
        { name: 'd', depends: { a: ['on_failure'] } },
        { name: 'e', depends: ['b'] },
      ],
      {
        scheduled: ['b'],
      },
    )
    set(draft, 'a', { status: 'failed' })
    draft.decide(5)
    expect(statusesOf(draft)).toEqual({
      a: 'failed',
      b: 'notstarted',
      c: 'cancelled',
      d: 'notstarted',
      e: 'notstarted',
    })
    expect(takeReady(draft)).toEqual(['d'])
  })

  it('ends a run whose failed task was allowed to fail as successful', () => {
    const draft = aDraft([
      { name: 'a', ignoreFailure: true },
      { name: 'b', depends: ['a'] },
    ])
    set(draft, 'a', { status: 'failed' })
    draft.decide(5)
    expect(draft.header.result).toBe('success')
    expect(statusesOf(draft)).toEqual({ a: 'failed', b: 'skipped' })
  })

  it('counts a failure that was there when the run was loaded', () => {
    const draft = aDraft([{ name: 'a' }, { name: 'b' }, { name: 'c', ignoreFailure: true }], {
      tasks: { a: { status: 'failed' }, c: { status: 'failed' } },
      scheduled: ['b'],
    })
    expect(draft.progress.tally).toEqual({ unfinished: 1, failed: 1, executorTasks: 1 })
    draft.decide(5)
    expect(draft.header.result).toBe('failed')
  })

  it('counts nothing as fetched as long as a task, a log or an executor is open', () => {
    const draft = aDraft([{ name: 'a' }], { scheduled: ['a'] })
    const isFetchedNow = () => draft.progress.isFetched
    expect(isFetchedNow()).toBe(false)
    set(draft, 'a', { status: 'success' })
    expect(isFetchedNow()).toBe(false)
    set(draft, 'a', { setupStep: { ...draft.task('a').setupStep, logPhase: 'finished' } })
    expect(isFetchedNow()).toBe(false)
    draft.deleteExecutorTask('a')
    expect(isFetchedNow()).toBe(true)
    expect(aDraft([{ name: 'a' }], { tasks: { a: { status: 'success' } } }).progress.isFetched).toBe(false)
    expect(aDraft([{ name: 'a' }]).progress.isFetched).toBe(false)
    expect(aDraft([]).progress.isFetched).toBe(true)
  })
})

describe('what may start soon', () => {
  const graph: TaskSketch[] = [
    ...chain,
    { name: 'onfailure', depends: { a: ['on_failure'] } },
    { name: 'approval', depends: ['a'], needsApproval: true },
    { name: 'both', depends: ['a', 'z'] },
    { name: 'either', depends: { a: ['on_failure', 'on_success'] } },
    { name: 'z' },
  ]

  it('is what has no parents, then what starts when they succeed, the nearer the earlier, each once', () => {
    const draft = aDraft(graph)
    expect(takePreparable(draft)).toEqual(['a', 'z', 'b', 'both', 'either', 'c'])
    expect(takePreparable(draft)).toEqual([])
  })

  it('is no task that an executor has, but what comes after it', () => {
    const draft = aDraft(graph, { scheduled: ['a'], tasks: { a: { status: 'running' } } })
    expect(takePreparable(draft)).toEqual(['z', 'b', 'both', 'either', 'c'])
  })

  it('is nothing behind a task that has not begun and is not expected to', () => {
    const draft = aDraft([
      { name: 'a', needsApproval: true },
      { name: 'b', depends: ['a'] },
      { name: 'c', depends: ['b'] },
    ])
    expect(takePreparable(draft)).toEqual([])
  })

  it('is a task that was approved', () =>
    expect(takePreparable(aDraft([{ name: 'a', needsApproval: true }], { tasks: { a: { approved: true } } }))).toEqual([
      'a',
    ]))

  it('is decided by how a parent ended, once it has', () => {
    const of = (status: RunTask['status']) =>
      takePreparable(
        aDraft([{ name: 'a', steps: [aSaveStep] }, ...graph.slice(1)], {
          tasks: { a: { status }, z: { status: 'running' } },
        }),
      )
    // The archive of `a` is not stored yet, so that its children cannot start.
    expect(of('success')).toEqual(['b', 'both', 'either', 'c'])
    expect(of('failed')).toEqual(['either', 'onfailure'])
    expect(of('stopped')).toEqual([])
  })

  it('comes into view as its parents begin', () => {
    const draft = aDraft([{ name: 'a' }, { name: 'z' }, { name: 'both', depends: ['a', 'z'] }], {
      scheduled: ['a', 'z'],
    })
    expect(takePreparable(draft)).toEqual([])
    set(draft, 'a', { status: 'running' })
    expect(takePreparable(draft)).toEqual([])
    set(draft, 'a', { timedout: true })
    expect(takePreparable(draft)).toEqual([])
    set(draft, 'z', { status: 'running' })
    expect(takePreparable(draft)).toEqual(['both'])
  })

  it('takes each parent once into account, prepared, begun and ended', () => {
    const sketches: TaskSketch[] = [
      { name: 'a' },
      { name: 'z', needsApproval: true },
      { name: 'both', depends: ['a', 'z'] },
    ]
    const draft = aDraft(sketches)
    expect(takePreparable(draft)).toEqual(['a'])
    for (const status of ['running', 'success'] as const) {
      set(draft, 'a', { status })
      expect(takePreparable(draft)).toEqual([])
    }
    const loaded = aDraft(sketches, { tasks: { a: { status: 'running' } } })
    set(loaded, 'a', { status: 'success' })
    expect(takePreparable(loaded)).toEqual([])
    set(loaded, 'z', { status: 'running' })
    expect(takePreparable(loaded)).toEqual(['both'])
  })

  it('is nothing in a run that has ended or has to stop', () => {
    expect(takePreparable(aDraft(chain, { run: { stop: true } }))).toEqual([])
    for (const phase of ['finished', 'cancelled', 'setuperror'] as const) {
      expect(takePreparable(aDraft(chain, { run: { phase } }))).toEqual([])
    }
  })
})

it('an executor task that the store has is known to a new draft', () => {
  const state = aRunState(chain, { scheduled: ['a'] })
  expect(new RunDraft(state).executorTask('a')).toEqual(anExecutorTask(state.run, 'a'))
  expect(new RunDraft(state).executorTask('b')).toBeUndefined()
})
