import { AgolaError } from '../model/errors.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { RunTaskId, TimeMs } from '../model/ids.ts'
import { isTaskFinished, type Run, type RunTask } from '../model/run.ts'
import type { RunConfig, RunConfigTaskDepend } from '../model/run-config.ts'
import { advanceRun, type RunHeader, type RunTransition } from './advance-run.ts'
import { advanceReadyTask, needsApproval } from './advance-tasks.ts'
import type { TaskNeed } from './choose-executor.ts'
import { RunProgress } from './run-progress.ts'
import { closed, doesDependMatch } from './run-task-state.ts'

/** A run as it is stored, held in memory by its one dispatcher. Tasks in it are replaced, never changed in place. */
export interface RunState {
  run: Run
  config: RunConfig
  executorTasks: Map<RunTaskId, ExecutorTask>
  progress: RunProgress
}

export function newRunState(run: Run, config: RunConfig, executorTasks: Iterable<ExecutorTask> = []): RunState {
  const byTask = new Map(Array.from(executorTasks, (task) => [task.runTaskId, task]))
  return { run, config, executorTasks: byTask, progress: new RunProgress(run, config, byTask.size) }
}

/** What a draft changed, in the order in which it did: every beginning of this list leaves a run that decisions can go on from. */
export type RunWrite =
  | { type: 'header'; header: RunHeader; transition: RunTransition | null }
  | { type: 'task'; task: RunTask }
  | { type: 'executorTask'; task: ExecutorTask }
  | { type: 'deleteExecutorTask'; task: ExecutorTask }

/** Changes to a run, made on top of its stored state, which stays as it is until they were stored and `accept` is called.
 *  Deciding moves the counts in `state.progress` at once: after `reject` nothing of the draft is left in them. */
export class RunDraft {
  readonly config: RunConfig
  readonly writes: RunWrite[] = []
  readonly #state: RunState
  readonly #tasks = new Map<RunTaskId, RunTask>()
  readonly #executorTasks = new Map<RunTaskId, ExecutorTask | null>()
  #header: RunHeader

  constructor(state: RunState) {
    this.#state = state
    this.config = state.config
    const { tasks: _, ...header } = state.run
    this.#header = header
  }

  get header(): RunHeader {
    return this.#header
  }

  get progress(): RunProgress {
    return this.#state.progress
  }

  task(id: RunTaskId): RunTask {
    const task = this.findTask(id)
    if (task === undefined) throw new AgolaError('assertionFailed', `run ${this.#header.id} has no task ${id}`)
    return task
  }

  findTask(id: RunTaskId): RunTask | undefined {
    if (!Object.hasOwn(this.#state.run.tasks, id)) return undefined
    return this.#tasks.get(id) ?? this.#state.run.tasks[id]
  }

  executorTask(id: RunTaskId): ExecutorTask | undefined {
    const changed = this.#executorTasks.get(id)
    return changed === undefined ? this.#state.executorTasks.get(id) : (changed ?? undefined)
  }

  executorTasks(): ExecutorTask[] {
    const ids = new Set([...this.#state.executorTasks.keys(), ...this.#executorTasks.keys()])
    return Array.from(ids).flatMap((id) => this.executorTask(id) ?? [])
  }

  setHeader(header: RunHeader): void {
    const { phase, result } = header
    const isTransition = phase !== this.#header.phase || result !== this.#header.result
    this.#header = header
    this.writes.push({ type: 'header', header, transition: isTransition ? { phase, result } : null })
  }

  setTask(task: RunTask): void {
    const before = this.task(task.id)
    this.#tasks.set(task.id, task)
    this.writes.push({ type: 'task', task })
    this.progress.change(before, task)
  }

  setExecutorTask(task: ExecutorTask): void {
    if (this.executorTask(task.runTaskId) === undefined) this.progress.countExecutorTask(1)
    this.#executorTasks.set(task.runTaskId, task)
    this.writes.push({ type: 'executorTask', task })
  }

  deleteExecutorTask(id: RunTaskId): void {
    const task = this.executorTask(id)
    if (task === undefined) return
    this.progress.countExecutorTask(-1)
    this.#executorTasks.set(id, null)
    // It never began, so it has to be looked at again.
    if (this.findTask(id)?.status === 'notstarted') this.progress.candidates.push(id)
    this.writes.push({ type: 'deleteExecutorTask', task })
  }

  /** Moves the run as far as it goes without news from executors. Comes to the same end as `decideRun`. */
  decide(now: TimeMs): void {
    if (this.#header.phase === 'cancelled') this.#closeUnscheduled('cancelled')
    for (let count = -1; count !== this.writes.length; ) {
      count = this.writes.length
      const header = advanceRun(this.#header, this.progress.tally, now)
      if (header !== this.#header) this.setHeader(header)
      if (header.phase === 'running') this.#advanceTasks()
    }
  }

  /** The first task that is free to start, among those whose need `isPossible`; it stays first until it gets an executor task. */
  firstReady(isPossible: (need: TaskNeed) => boolean): { id: RunTaskId; need: TaskNeed } | undefined {
    if (this.#header.phase !== 'running') return undefined
    let first: { ordinal: number; need: TaskNeed } | undefined
    for (const { need, queue } of this.progress.ready) {
      while (queue.first !== undefined && !this.#isStartable(queue.first)) queue.shift()
      if (queue.first === undefined || (first !== undefined && first.ordinal < queue.first)) continue
      if (isPossible(need)) first = { ordinal: queue.first, need }
    }
    const id = first && this.progress.graph.order[first.ordinal]
    return first === undefined || id === undefined ? undefined : { id, need: first.need }
  }

  /** The next task that is likely to start soon: every unsettled parent is at work, or was given here before, and starts it when it
   *  succeeds. Those nearer to the roots come first; each task is given at most once. A queued run may be asked when it is the next. */
  nextToPrepare(): RunTaskId | undefined {
    const { phase, stop } = this.#header
    if ((phase !== 'queued' && phase !== 'running') || stop) return undefined
    for (let ordinal = this.progress.preparable.shift(); ordinal !== undefined; ) {
      const id = this.progress.graph.order[ordinal]
      if (id !== undefined && this.#isStartable(ordinal) && this.#mayStartSoon(id)) {
        this.progress.expect(id)
        return id
      }
      ordinal = this.progress.preparable.shift()
    }
    return undefined
  }

  /** The changes were stored. */
  accept(): void {
    Object.assign(this.#state.run, this.#header)
    for (const [id, task] of this.#tasks) this.#state.run.tasks[id] = task
    for (const [id, task] of this.#executorTasks) {
      if (task === null) this.#state.executorTasks.delete(id)
      else this.#state.executorTasks.set(id, task)
    }
  }

  /** The changes were not stored. */
  reject(): void {
    const { run, config, executorTasks } = this.#state
    this.#state.progress = new RunProgress(run, config, executorTasks.size)
  }

  #advanceTasks(): void {
    if (this.#header.stop && !this.progress.isStopApplied) {
      this.progress.isStopApplied = true
      this.#closeUnscheduled('skipped')
    }
    if (this.#header.result !== 'unknown' && !this.progress.isResultApplied) {
      this.progress.isResultApplied = true
      this.#closeUnscheduled('cancelled', (id) => this.progress.graph.parents(id).length === 0)
    }
    const { candidates } = this.progress
    for (let id = candidates.pop(); id !== undefined; id = candidates.pop()) this.#advanceCandidate(id)
  }

  #advanceCandidate(id: RunTaskId): void {
    const task = this.findTask(id)
    if (task === undefined || !this.#isUnscheduled(task)) return
    const next = advanceReadyTask(this.progress.graph, task, this.#parents(id))
    if (next !== task) this.setTask(next)
    const config = this.config.tasks[id]
    if (next.status === 'notstarted' && config !== undefined && !needsApproval(config, next)) this.progress.addReady(id)
  }

  #closeUnscheduled(status: 'skipped' | 'cancelled', isWanted: (id: RunTaskId) => boolean = () => true): void {
    for (const id of this.progress.graph.order) {
      const task = isWanted(id) ? this.findTask(id) : undefined
      if (task !== undefined && this.#isUnscheduled(task)) this.setTask(closed(task, status))
    }
  }

  #isUnscheduled(task: RunTask): boolean {
    return task.status === 'notstarted' && this.executorTask(task.id) === undefined
  }

  #isStartable(ordinal: number): boolean {
    const id = this.progress.graph.order[ordinal]
    const task = id === undefined ? undefined : this.findTask(id)
    return task !== undefined && this.#isUnscheduled(task)
  }

  #mayStartSoon(id: RunTaskId): boolean {
    const config = this.config.tasks[id]
    if (config === undefined || needsApproval(config, this.task(id))) return false
    return this.#parents(id).every((parent) => isHopeful(config.depends[parent.id], parent))
  }

  #parents(id: RunTaskId): RunTask[] {
    return this.progress.graph.parents(id).flatMap((parent) => this.findTask(parent) ?? [])
  }
}

/** A parent at work is expected to succeed; one that has ended already cannot surprise any more. */
function isHopeful(depend: RunConfigTaskDepend | undefined, parent: RunTask): boolean {
  if (depend === undefined) return false
  return doesDependMatch(depend, isTaskFinished(parent.status) ? parent.status : 'success')
}
