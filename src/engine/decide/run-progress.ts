import type { RunTaskId } from '../model/ids.ts'
import { isTaskFinished, type Run, type RunTask } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { RunTally } from './advance-run.ts'
import { needOf, type TaskNeed } from './choose-executor.ts'
import { OrdinalQueue } from './ordinal-queue.ts'
import { graphOf, type RunGraph } from './run-graph.ts'
import { isFetched, isSettled } from './run-task-state.ts'

/** How far a parent is: 0 not begun, 1 at work (or its archives are), 2 settled. Only grows. */
type Standing = 0 | 1 | 2

function standingOf(task: RunTask): Standing {
  if (task.status === 'notstarted') return 0
  return isSettled(task) ? 2 : 1
}

/** Tasks that are free to start and need the same of an executor. */
export interface ReadyTasks {
  need: TaskNeed
  queue: OrdinalQueue
}

/** Counts over the tasks of one run, kept up to date with every change, so that a decision looks only at tasks whose parents
 *  changed: over a whole run the work is linear in tasks and dependencies. Derived from the run, never stored. */
export class RunProgress {
  readonly graph: RunGraph
  /** Tasks whose parents have all settled, and which were not looked at since. */
  readonly candidates: RunTaskId[] = []
  readonly ready: ReadyTasks[] = []
  /** Tasks whose parents are all at work, settled or expected; each is in here once. */
  readonly preparable = new OrdinalQueue()
  isStopApplied = false
  isResultApplied = false
  #unfinished = 0
  /** Tasks that have not finished, or left something at an executor. */
  #unfetched = 0
  #failed = 0
  #executorTasks: number
  readonly #unsettledParents: Int32Array
  readonly #idleParents: Int32Array
  /** 1: at work, settled, or expected to begin soon. */
  readonly #begun: Uint8Array
  readonly #config: RunConfig

  constructor(run: Run, config: RunConfig, executorTasks: number) {
    this.graph = graphOf(config)
    this.#config = config
    this.#executorTasks = executorTasks
    this.#unsettledParents = new Int32Array(this.graph.order.length)
    this.#idleParents = new Int32Array(this.graph.order.length)
    this.#begun = new Uint8Array(this.graph.order.length)
    this.graph.order.forEach((id, ordinal) => {
      const task = run.tasks[id]
      if (task !== undefined) this.#add(task, ordinal, run.tasks)
    })
  }

  get tally(): RunTally {
    return { unfinished: this.#unfinished, failed: this.#failed, executorTasks: this.#executorTasks }
  }

  /** Every task is finished and nothing of it is left at an executor. */
  get isFetched(): boolean {
    return this.#unfetched === 0 && this.#executorTasks === 0
  }

  countExecutorTask(difference: 1 | -1): void {
    this.#executorTasks += difference
  }

  change(before: RunTask, after: RunTask): void {
    if (!isTaskFinished(before.status) && isTaskFinished(after.status)) {
      this.#unfinished -= 1
      if (this.#doesFail(after)) this.#failed += 1
    }
    if (!isFetched(before) && isFetched(after)) this.#unfetched -= 1
    const standings = [standingOf(before), standingOf(after)] as const
    if (standings[1] === standings[0]) return
    this.expect(after.id)
    if (standings[1] === 2) this.#settle(after.id)
  }

  /** A task is expected to begin: those that depend on it come into view, so that a chain can be prepared some tasks ahead. */
  expect(id: RunTaskId): void {
    const ordinal = this.graph.ordinals.get(id)
    if (ordinal === undefined || this.#begun[ordinal] === 1) return
    this.#begun[ordinal] = 1
    for (const child of this.graph.children(id)) {
      const childOrdinal = this.graph.ordinals.get(child) ?? 0
      const idle = (this.#idleParents[childOrdinal] ?? 0) - 1
      this.#idleParents[childOrdinal] = idle
      if (idle === 0) this.preparable.push(childOrdinal)
    }
  }

  addReady(id: RunTaskId): void {
    const config = this.graph.tasks[id]
    const ordinal = this.graph.ordinals.get(id)
    if (config === undefined || ordinal === undefined) return
    const need = needOf(config)
    let same = this.ready.find((entry) => entry.need.arch === need.arch && entry.need.privileged === need.privileged)
    if (same === undefined) {
      same = { need, queue: new OrdinalQueue() }
      this.ready.push(same)
    }
    same.queue.push(ordinal)
  }

  #add(task: RunTask, ordinal: number, tasks: Run['tasks']): void {
    if (!isTaskFinished(task.status)) this.#unfinished += 1
    else if (this.#doesFail(task)) this.#failed += 1
    if (!isFetched(task)) this.#unfetched += 1
    let unsettled = 0
    let idle = 0
    for (const parent of this.graph.parents(task.id)) {
      const parentTask = tasks[parent]
      const standing = parentTask === undefined ? 2 : standingOf(parentTask)
      if (standing < 2) unsettled += 1
      if (standing < 1) idle += 1
    }
    this.#unsettledParents[ordinal] = unsettled
    this.#idleParents[ordinal] = idle
    if (standingOf(task) > 0) this.#begun[ordinal] = 1
    if (task.status !== 'notstarted') return
    if (unsettled === 0) this.candidates.push(task.id)
    if (idle === 0) this.preparable.push(ordinal)
  }

  #settle(id: RunTaskId): void {
    for (const child of this.graph.children(id)) {
      const ordinal = this.graph.ordinals.get(child) ?? 0
      const unsettled = (this.#unsettledParents[ordinal] ?? 0) - 1
      this.#unsettledParents[ordinal] = unsettled
      if (unsettled === 0) this.candidates.push(child)
    }
  }

  #doesFail(task: RunTask): boolean {
    return task.status === 'failed' && this.#config.tasks[task.id]?.ignoreFailure !== true
  }
}
