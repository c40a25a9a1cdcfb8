import { newExecutorTask } from '../../../src/engine/decide/executor-task-status.ts'
import { newRunState, RunDraft, type RunState, type RunWrite } from '../../../src/engine/decide/run-draft.ts'
import type { ExecutorTask } from '../../../src/engine/model/executor-task.ts'
import type { Run, RunTask } from '../../../src/engine/model/run.ts'
import { aRunConfig, aRunningRun, type TaskSketch } from '../../support/a-run-config.ts'

export interface DraftSketch {
  run?: Partial<Run>
  /** What differs from the beginning, by id of the task. */
  tasks?: Record<string, Partial<RunTask>>
  /** Ids of tasks that an executor has, or the ids of their executors. */
  scheduled?: string[] | Record<string, string>
}

/** A stored run of these tasks, running unless told. */
export function aRunState(
  sketches: TaskSketch[],
  { run: given, tasks = {}, scheduled = [] }: DraftSketch = {},
): RunState {
  const config = aRunConfig(sketches)
  const run = { ...aRunningRun(config), ...given }
  for (const [id, change] of Object.entries(tasks)) run.tasks[id] = { ...taskIn(run, id), ...change }
  const executors = Array.isArray(scheduled)
    ? scheduled.map((id) => [id, 'executor-1'] as const)
    : Object.entries(scheduled)
  return newRunState(
    run,
    config,
    executors.map(([id, executorId]) => anExecutorTask(run, id, executorId)),
  )
}

export function aDraft(sketches: TaskSketch[], given: DraftSketch = {}): RunDraft {
  return new RunDraft(aRunState(sketches, given))
}

export function anExecutorTask(run: Run, taskId: string, executorId = 'executor-1'): ExecutorTask {
  return newExecutorTask(`et-${taskId}`, executorId, run.id, taskIn(run, taskId))
}

/** Gives a task of the draft to an executor. */
export function give(draft: RunDraft, taskId: string): void {
  draft.setExecutorTask(newExecutorTask(`et-${taskId}`, 'executor-1', draft.header.id, draft.task(taskId)))
}

/** All tasks that are free to start, in the order in which they are found. */
export function takeReady(draft: RunDraft): string[] {
  const ids: string[] = []
  for (let ready = draft.firstReady(() => true); ready !== undefined; ready = draft.firstReady(() => true)) {
    ids.push(ready.id)
    give(draft, ready.id)
  }
  return ids
}

/** All tasks that are likely to start soon, in the order in which they are given. */
export function takePreparable(draft: RunDraft): string[] {
  const ids: string[] = []
  for (let id = draft.nextToPrepare(); id !== undefined; id = draft.nextToPrepare()) ids.push(id)
  return ids
}

export function statusesOf(draft: RunDraft): Record<string, string> {
  return Object.fromEntries(Object.keys(draft.config.tasks).map((id) => [id, draft.task(id).status]))
}

/** What a draft wrote, in short: `header`, `task a`, `executorTask a`. */
export function writesOf(draft: RunDraft): string[] {
  return draft.writes.map(written)
}

function written(write: RunWrite): string {
  if (write.type === 'header') return 'header'
  return write.type === 'task' ? `task ${write.task.id}` : `${write.type} ${write.task.runTaskId}`
}

function taskIn(run: Run, id: string): RunTask {
  const task = run.tasks[id]
  if (task === undefined) throw new Error(`no task ${id}`)
  return task
}
