import { closeGoneExecutorTask, closeOrphan } from '../decide/run-reports.ts'
import { hasCode, messageOf } from '../model/errors.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { ExecutorId, RunId } from '../model/ids.ts'
import { isExecutionFinished, isTaskFinished } from '../model/run.ts'
import type { WatchEvent } from '../ports/key-value-store.ts'
import type { ChangeSignal } from '../std/change-signal.ts'
import type { LoopService } from '../std/run-loop.ts'
import { ActiveRun, type ActiveRunHost, type Change } from './active-run.ts'
import type { ExecutorClients } from './executor-clients.ts'
import type { Fetcher } from './fetcher.ts'
import { keys } from './keys.ts'
import type { Outstanding } from './outstanding.ts'
import type { StoredRun } from './run-store.ts'
import type { TaskSender } from './task-sender.ts'

export interface DispatcherOptions
  extends Pick<ActiveRunHost, 'store' | 'registry' | 'archive' | 'clock' | 'random' | 'log' | 'failUnplaceable'> {
  executors: ExecutorClients
  sender: TaskSender
  fetcher: Fetcher
  /** What executors wrote can be fetched when they are gone. */
  leavesFiles: boolean
  /** Told of every change of a run, by its id. */
  changes: ChangeSignal
  owner: ExecutorId | undefined
}

/** Gives the tasks of active runs to executors: load, decide, store, act, a run at a time. It works whenever something has changed;
 *  its steps only find what a crash, a lost message or another process has left undone. */
export class Dispatcher implements LoopService {
  readonly name = 'dispatcher'
  readonly #options: DispatcherOptions
  readonly #runs = new Map<RunId, ActiveRun>()
  /** Runs with tasks for which no executor had room. */
  readonly #waiting = new Set<RunId>()
  readonly #orphans = new Set<RunId>()
  /** Runs of which a part is lost, so that nothing can be decided about them; told once. */
  readonly #damaged = new Set<RunId>()
  readonly #host: ActiveRunHost

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#host = {
      ...options,
      pool: options.registry.pool((executor) => options.executors.clientFor(executor) !== null),
      isMine: (stored) => this.#isMine(stored.state.run.id, stored.owner),
      mayAssign: ({ owner }) => options.owner === undefined || owner === options.owner,
      onStored: (stored, outstanding) => this.#act(stored, outstanding),
      onWaiting: (runId, isWaiting) => (isWaiting ? this.#waiting.add(runId) : this.#waiting.delete(runId)),
      onRoom: () => this.wakeWaiting(),
      onGone: (runId) => this.#forget(runId),
    }
  }

  /** Changes an active run and stores what is decided from it. `runDoesNotExist`. */
  async update(runId: RunId, change: Change): Promise<void> {
    const run = this.#activeRun(runId)
    try {
      await run.update(change)
    } finally {
      // Its owner decides about it: we only left a word.
      if (run.owner !== undefined && !this.#isMine(runId, run.owner)) this.#runs.delete(runId)
    }
  }

  /** A run that was just stored. */
  add(stored: StoredRun): void {
    const { id } = stored.state.run
    const run = new ActiveRun(id, this.#host, stored)
    this.#runs.set(id, run)
    this.#options.changes.changed(id)
    run.wake()
    if (this.#startsNext(stored)) this.#options.sender.prepareNext(stored)
  }

  /** Where this process alone starts its runs, the only one of them starts as soon as the scheduler sees it. */
  #startsNext({ owner }: StoredRun): boolean {
    return this.#options.owner !== undefined && owner === this.#options.owner && this.#runs.size === 1
  }

  /** An active run as it is stored, not to be changed; null when there is none. */
  async read(runId: RunId): Promise<StoredRun | null> {
    const run = this.#runs.get(runId)
    return run === undefined ? await this.#options.store.load(runId) : await run.read()
  }

  /** Executors have become free or known. */
  wakeWaiting(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const runId of waiting) this.#runs.get(runId)?.wake()
  }

  /** Somebody wrote to the store. */
  see(event: WatchEvent): void {
    const key = event.type === 'put' ? event.entry.key : event.key
    if (!key.startsWith(keys.runs)) return
    const runId = key.slice(keys.runs.length)
    const revision = event.type === 'put' ? event.entry.modRevision : event.modRevision
    if (this.#runs.get(runId)?.see(revision) === true) this.#runs.get(runId)?.wake()
    this.#options.changes.changed(runId)
  }

  async step(signal: AbortSignal): Promise<void> {
    const { store, registry, sender, owner } = this.#options
    sender.discardAgain()
    const active = await store.activeRuns({ signal })
    for (const run of active) {
      if (owner !== undefined && run.owner !== owner && (await this.#isDead(run.owner)))
        this.#closeOrphan(run.header.id)
      if (!this.#isMine(run.header.id, run.owner)) continue
      await this.#lookAgain(run.header.id)
    }
    const ids = new Set(active.map((run) => run.header.id))
    for (const task of registry.tasks()) {
      if (!ids.has(task.runId)) await this.#dropTask(task)
      else if (registry.get(task.executorId) === undefined) this.closeTasksOf(task.executorId)
    }
    await store.removeAbandonedTasks({ signal })
  }

  /** One damaged run is no reason to leave the others alone. */
  async #lookAgain(runId: RunId): Promise<void> {
    try {
      const stored = await this.#activeRun(runId).read()
      if (stored !== null) this.#actAgain(stored)
      this.#runs.get(runId)?.wake()
    } catch (error) {
      if (!hasCode(error, 'dataDoesNotExist')) throw error
      if (!this.#damaged.has(runId))
        this.#options.log.warn('a damaged run is left alone', { run: runId, error: messageOf(error) })
      this.#damaged.add(runId)
    }
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await Promise.all(Array.from(this.#runs.values(), (run) => run.idle()))
  }

  /** The executor is gone for good: what it was given has failed (spec/runs.md 9.4). */
  closeTasksOf(executorId: ExecutorId): void {
    const { registry, clock, log, leavesFiles } = this.#options
    for (const task of registry.tasks().filter((candidate) => candidate.executorId === executorId)) {
      const change: Change = (draft) => {
        const current = draft.executorTask(task.runTaskId)
        if (current !== undefined && registry.get(executorId) === undefined)
          closeGoneExecutorTask(draft, current, { now: clock.now(), leavesFiles })
      }
      this.#activeRun(task.runId)
        .update(change)
        .catch((error) => log.warn('a task of a lost executor could not be closed', { error: messageOf(error) }))
    }
  }

  #activeRun(runId: RunId): ActiveRun {
    let run = this.#runs.get(runId)
    if (run === undefined) {
      run = new ActiveRun(runId, this.#host)
      this.#runs.set(runId, run)
    }
    return run
  }

  #isMine(runId: RunId, owner: ExecutorId): boolean {
    return this.#options.owner === undefined || owner === this.#options.owner || this.#orphans.has(runId)
  }

  #forget(runId: RunId): void {
    this.#runs.delete(runId)
    this.#waiting.delete(runId)
    this.#orphans.delete(runId)
    this.#options.changes.changed(runId)
  }

  #act(stored: StoredRun, outstanding: readonly Outstanding[]): void {
    const { sender, fetcher, changes } = this.#options
    const { run } = stored.state
    for (const { type, task } of outstanding) {
      const runTask = run.tasks[task.runTaskId]
      if (type === 'send') void sender.send(stored, task)
      else if (runTask !== undefined) fetcher.fetch(task, runTask)
    }
    if (this.#isMine(run.id, stored.owner)) {
      sender.discardUnneeded(run.id, (taskId) => {
        const task = run.tasks[taskId]
        const isComing = run.phase === 'queued' || run.phase === 'running'
        return isComing && task !== undefined && !isTaskFinished(task.status)
      })
      sender.prepareNext(stored)
    }
    changes.changed(run.id)
  }

  /** Sends stops again and fetches what could not be fetched. */
  #actAgain(stored: StoredRun): void {
    const { sender, fetcher } = this.#options
    const { run, executorTasks } = stored.state
    for (const task of executorTasks.values()) {
      const runTask = run.tasks[task.runTaskId]
      if (runTask !== undefined && isTaskFinished(runTask.status)) fetcher.fetch(task, runTask)
      else if (task.stop && !isExecutionFinished(task.status.phase)) void sender.send(stored, task)
    }
  }

  // Read after the run, and an executor is stored before its runs: so it was there once, and is not any more.
  async #isDead(owner: ExecutorId): Promise<boolean> {
    return owner !== '' && !(await this.#options.registry.exists(owner))
  }

  #closeOrphan(runId: RunId): void {
    const { registry, clock, log, leavesFiles } = this.#options
    this.#orphans.add(runId)
    this.#activeRun(runId)
      .update((draft) => closeOrphan(draft, (id) => registry.get(id) === undefined, { now: clock.now(), leavesFiles }))
      .catch((error) => log.warn('an interrupted run could not be closed', { run: runId, error: messageOf(error) }))
  }

  async #dropTask(task: ExecutorTask): Promise<void> {
    const { store, registry } = this.#options
    if ((await store.load(task.runId)) !== null) return
    await store.deleteExecutorTask(task)
    registry.forget(task.id)
  }
}
