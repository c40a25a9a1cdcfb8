import { describe, expect, it } from 'vitest'
import { advanceTasks, tasksToRun } from '../../../src/engine/decide/advance-tasks.ts'
import { decideRun } from '../../../src/engine/decide/decide-run.ts'
import { newRunState, RunDraft } from '../../../src/engine/decide/run-draft.ts'
import type { Run, RunTask, RunTaskStatus } from '../../../src/engine/model/run.ts'
import type { DependCondition } from '../../../src/engine/model/run-config.ts'
import { aRunConfig, aRunningRun, aSaveStep, type TaskSketch } from '../../support/a-run-config.ts'

const sketches = (fifth: Partial<TaskSketch> = {}): TaskSketch[] => [
  { name: '1' },
  { name: '2', depends: ['1'] },
  { name: '3' },
  { name: '4' },
  { name: '5', depends: ['3', '4'], ...fifth },
]
const on = (condition: DependCondition): Partial<TaskSketch> => ({
  depends: { '3': [condition], '4': ['on_success'] },
})

interface Case {
  tasks?: TaskSketch[]
  run?: Partial<Run>
  before: Record<string, RunTaskStatus>
  scheduled?: string[]
}

function advanced({ tasks = sketches(), run: given = {}, before, scheduled = [] }: Case): Record<string, RunTask> {
  const config = aRunConfig(tasks)
  const run = { ...aRunningRun(config), ...given }
  for (const [id, status] of Object.entries(before)) set(run, id, { status })
  const changes = advanceTasks(run, config, new Set(scheduled))
  return { ...run.tasks, ...Object.fromEntries(changes.map((task) => [task.id, task])) }
}

function set(run: Run, id: string, change: Partial<RunTask>): void {
  const task = run.tasks[id]
  if (task === undefined) throw new Error(`no task ${id}`)
  run.tasks[id] = { ...task, ...change }
}

function check(input: Case, expected: Record<string, RunTaskStatus>): void {
  const tasks = advanced(input)
  const all = { '1': 'notstarted', '2': 'notstarted', '3': 'notstarted', '4': 'notstarted', '5': 'notstarted' }
  expect(Object.fromEntries(Object.values(tasks).map((task) => [task.id, task.status]))).toEqual({
    ...all,
    ...input.before,
    ...expected,
  })
}

describe('one pass over the tasks of a run', () => {
  it('changes nothing when nothing has started', () => check({ before: {} }, {}))

  it('skips a task whose parent was skipped', () => check({ before: { '1': 'skipped' } }, { '2': 'skipped' }))

  it('skips a task whose parents were all skipped', () =>
    check({ before: { '3': 'skipped', '4': 'skipped' } }, { '5': 'skipped' }))

  it('skips a task of which one parent was skipped', () =>
    check({ before: { '3': 'skipped', '4': 'success' } }, { '5': 'skipped' }))

  it('skips a task that waits for a failure when the parent was skipped', () =>
    check({ tasks: sketches(on('on_failure')), before: { '3': 'skipped', '4': 'success' } }, { '5': 'skipped' }))

  it('leaves a task free to start that waits for a skip when the parent was skipped', () =>
    check({ tasks: sketches(on('on_skipped')), before: { '3': 'skipped', '4': 'success' } }, {}))

  it('skips a task that needs approval without ever asking for it', () => {
    const input: Case = { tasks: sketches({ needsApproval: true }), before: { '3': 'skipped', '4': 'success' } }
    check(input, { '5': 'skipped' })
    expect(advanced(input)['5']?.waitingApproval).toBe(false)
  })

  it('asks for approval once the task could start', () => {
    const tasks = sketches({ ...on('on_skipped'), needsApproval: true })
    const input: Case = { tasks, before: { '3': 'skipped', '4': 'success' } }
    check(input, {})
    expect(advanced(input)['5']?.waitingApproval).toBe(true)
  })

  it('cancels tasks without parents once the run has a result', () =>
    check({ run: { result: 'failed' }, before: { '4': 'success' } }, { '1': 'cancelled', '3': 'cancelled' }))

  it('does not cancel a task that an executor has', () =>
    check({ run: { result: 'failed' }, before: { '4': 'success' }, scheduled: ['1'] }, { '3': 'cancelled' }))

  it('skips everything that no executor has when the run has to stop', () =>
    check(
      { run: { stop: true }, before: { '1': 'running', '3': 'cancelled', '4': 'success' }, scheduled: ['1'] },
      { '2': 'skipped', '5': 'skipped' },
    ))

  it('decides nothing about a child before the archives of its parent are stored', () => {
    const tasks: TaskSketch[] = [
      { name: '1', steps: [aSaveStep] },
      { name: '2', depends: ['1'] },
    ]
    const config = aRunConfig(tasks)
    const run = aRunningRun(config)
    set(run, '1', { status: 'failed' })
    expect(advanceTasks(run, config, new Set(['1']))).toEqual([])
    set(run, '1', { workspaceArchivesPhase: ['finished'] })
    expect(advanceTasks(run, config, new Set(['1'])).map((task) => [task.id, task.status])).toEqual([['2', 'skipped']])
  })

  it('leaves nothing to fetch of a task that is closed unstarted', () => {
    const config = aRunConfig([{ name: '1', steps: [aSaveStep], needsApproval: true }])
    const run = { ...aRunningRun(config), result: 'failed' as const }
    set(run, '1', { waitingApproval: true })
    const [task] = advanceTasks(run, config, new Set())
    expect(task).toMatchObject({
      status: 'cancelled',
      waitingApproval: false,
      setupStep: { logPhase: 'finished' },
      steps: [{ logPhase: 'finished' }],
      workspaceArchivesPhase: ['finished'],
    })
  })
})

describe('tasks that may be given to an executor', () => {
  function check(tasks: TaskSketch[], changes: Record<string, Partial<RunTask>>, expected: string[]): void {
    const config = aRunConfig(tasks)
    const run = aRunningRun(config)
    for (const [id, change] of Object.entries(changes)) set(run, id, change)
    expect(tasksToRun(run, config, new Set())).toEqual(expected)
    const draft = new RunDraft(newRunState(run, config))
    draft.decide(0)
    expect(draft.firstReady(() => true)?.id).toBe(expected[0])
  }

  it('are those without parents at first', () => check(sketches(), {}, ['1', '3', '4']))

  it('are not those that were skipped', () =>
    check(sketches(), { '1': { status: 'skipped' }, '2': { status: 'skipped' } }, ['3', '4']))

  it('are not those that need approval and have none', () => {
    const [first, ...others] = sketches()
    check([{ name: '1', ...first, needsApproval: true }, ...others], {}, ['3', '4'])
  })

  it('are those that were approved', () => {
    const [first, ...others] = sketches()
    check([{ name: '1', ...first, needsApproval: true }, ...others], { '1': { approved: true } }, ['1', '3', '4'])
  })

  it('are none before the run begins and after it has ended', () => {
    const config = aRunConfig(sketches())
    for (const phase of ['queued', 'finished', 'cancelled'] as const) {
      expect(tasksToRun({ ...aRunningRun(config), phase }, config, new Set())).toEqual([])
    }
  })
})

describe('passes until nothing changes', () => {
  const config = aRunConfig(sketches())

  it('leave a run alone that does not run', () => {
    for (const phase of ['queued', 'finished', 'cancelled'] as const) {
      const run: Run = { ...aRunningRun(config), phase, stop: true, result: 'failed' }
      expect(decideRun(run, config, new Set(), 9)).toEqual({ run, transitions: [] })
    }
  })

  it('tell each phase and result on the way', () => {
    const run: Run = { ...aRunningRun(config), stop: true }
    const decided = decideRun(run, config, new Set(), 9)
    expect(decided.transitions).toEqual([
      { phase: 'running', result: 'stopped' },
      { phase: 'finished', result: 'stopped' },
    ])
    expect(Object.values(decided.run.tasks).map(({ status }) => status)).toEqual(Array(5).fill('skipped'))
    expect(decided.run.endTime).toBe(9)
  })
})
