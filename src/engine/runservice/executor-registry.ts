import { isDeepStrictEqual } from 'node:util'
import type { ExecutorPool } from '../decide/assign-tasks.ts'
import { AgolaError } from '../model/errors.ts'
import type { Executor, ExecutorStatus } from '../model/executor.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId } from '../model/ids.ts'
import { isExecutionFinished } from '../model/run.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore, WatchEvent } from '../ports/key-value-store.ts'
import { decodeExecutor, decodeExecutorTask, encode } from './documents.ts'
import { keys } from './keys.ts'
import { readAll } from './read-all.ts'

// Executors report every two seconds; that they live is worth a write only so often. Well below `executorAliveMsMax`.
const unchangedStoreMs = 15_000

/** The executors that are known and what each was given: a picture of the store that is kept up to date by what this process does
 *  itself and by what it sees of others. */
export class ExecutorRegistry {
  readonly #kv: KeyValueStore
  readonly #clock: Clock
  readonly #executors = new Map<ExecutorId, Executor>()
  readonly #storedAt = new Map<ExecutorId, number>()
  readonly #tasks = new Map<ExecutorTaskId, ExecutorTask>()
  readonly #assigned = new Map<ExecutorId, number>()
  /** By executor that reports here: who was known when it last did. */
  readonly #knownAtReport = new Map<ExecutorId, ReadonlySet<ExecutorId>>()
  #sorted: Executor[] | null = null

  constructor({ kv, clock }: { kv: KeyValueStore; clock: Clock }) {
    this.#kv = kv
    this.#clock = clock
  }

  /** By id. */
  get executors(): readonly Executor[] {
    this.#sorted ??= [...this.#executors.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    return this.#sorted
  }

  /** Those to which tasks can be given. */
  pool(isReachable: (executor: Executor) => boolean): ExecutorPool {
    const { assigned } = this
    const executors = () => this.executors.filter(isReachable)
    return {
      assigned,
      get executors() {
        return executors()
      },
    }
  }

  get(id: ExecutorId): Executor | undefined {
    return this.#executors.get(id)
  }

  /** Asks the store, which knows of executors that we have not heard of yet. */
  async exists(id: ExecutorId, options: CallOptions = {}): Promise<boolean> {
    const { entry } = await this.#kv.get(keys.executor(id), options)
    if (entry === null) this.#remove(id)
    else if (!this.#executors.has(id)) this.#set(decodeExecutor(entry))
    return entry !== null
  }

  readonly assigned = (id: ExecutorId): number => this.#assigned.get(id) ?? 0

  task(id: ExecutorTaskId): ExecutorTask | undefined {
    return this.#tasks.get(id)
  }

  tasks(): ExecutorTask[] {
    return [...this.#tasks.values()]
  }

  /** Replaces the picture by what the store holds now. */
  async load(options: CallOptions = {}): Promise<void> {
    const executors = await readAll(this.#kv, keys.executors, options)
    const tasks = await readAll(this.#kv, keys.executorTasks, { ...options, revision: executors.revision })
    this.#executors.clear()
    this.#tasks.clear()
    this.#assigned.clear()
    for (const entry of executors.entries) this.#set(decodeExecutor(entry))
    for (const entry of tasks.entries) this.note(decodeExecutorTask(entry))
  }

  /** An executor says how it is: it is known from now on. Resolves to the siblings that its group has lost since, whose records are
   *  gone with it (spec/runs.md 9.3). */
  async report(id: ExecutorId, status: ExecutorStatus, options: CallOptions = {}): Promise<ExecutorId[]> {
    const executor: Executor = { ...status, id, lastStatusUpdateTime: this.#clock.now() }
    const known = this.#executors.get(id)
    const isOld = this.#clock.monotonicMs() - (this.#storedAt.get(id) ?? -unchangedStoreMs) >= unchangedStoreMs
    this.#set(executor)
    if (isOld || !isSameExecutor(known, executor)) {
      await this.#kv.txn({ then: [{ type: 'put', key: keys.executor(id), value: encode(executor) }] }, options)
      this.#storedAt.set(id, this.#clock.monotonicMs())
    }
    // Of those that came later its siblings, which were listed after the last report, say nothing.
    const knownBefore = this.#knownAtReport.get(id)
    this.#knownAtReport.set(id, new Set(this.#executors.keys()))
    const gone = this.executors.filter((other) => knownBefore?.has(other.id) && isLostSibling(other, executor))
    for (const lost of gone) await this.delete(lost.id, options)
    return gone.map((lost) => lost.id)
  }

  /** `executorDoesNotExist`. Its tasks stay; see `Dispatcher.closeTasksOf`. */
  async delete(id: ExecutorId, options: CallOptions = {}): Promise<void> {
    const { entry } = await this.#kv.get(keys.executor(id), options)
    this.#remove(id)
    if (entry === null) throw new AgolaError('executorDoesNotExist', `there is no executor ${id}`)
    await this.#kv.txn({ then: [{ type: 'delete', key: keys.executor(id) }] }, options)
  }

  /** An executor task exists and is in this state. */
  note(task: ExecutorTask): void {
    const before = this.#tasks.get(task.id)
    this.#tasks.set(task.id, task)
    const difference = countOf(task) - (before === undefined ? 0 : countOf(before))
    this.#count(task.executorId, difference)
    // Its own count is that of its last report; we know better until the next one.
    if (difference < 0) this.#lower(task.executorId)
  }

  /** The executor task does not exist any more. */
  forget(id: ExecutorTaskId): void {
    const before = this.#tasks.get(id)
    if (before === undefined) return
    this.#tasks.delete(id)
    this.#count(before.executorId, -countOf(before))
    if (countOf(before) > 0) this.#lower(before.executorId)
  }

  /** Somebody changed the store. Returns whether there may be room for tasks that there was not before. */
  see(event: WatchEvent): boolean {
    const key = event.type === 'put' ? event.entry.key : event.key
    const id = key.slice(key.lastIndexOf('/') + 1)
    if (key.startsWith(keys.executors)) {
      if (event.type === 'delete') this.#remove(id)
      else this.#set(newest(this.#executors.get(id), decodeExecutor(event.entry)))
      return true
    }
    if (!key.startsWith(keys.executorTasks)) return false
    if (event.type === 'delete') this.forget(id)
    else this.note(decodeExecutorTask(event.entry))
    return event.type === 'delete' || isExecutionFinished(decodeExecutorTask(event.entry).status.phase)
  }

  #set(executor: Executor): void {
    this.#executors.set(executor.id, executor)
    this.#sorted = null
  }

  #remove(id: ExecutorId): void {
    this.#executors.delete(id)
    this.#knownAtReport.delete(id)
    this.#storedAt.delete(id)
    this.#sorted = null
  }

  #count(id: ExecutorId, difference: number): void {
    this.#assigned.set(id, this.assigned(id) + difference)
  }

  #lower(id: ExecutorId): void {
    const executor = this.#executors.get(id)
    if (executor !== undefined && executor.activeTasks > 0) {
      this.#set({ ...executor, activeTasks: executor.activeTasks - 1 })
    }
  }
}

function countOf(task: ExecutorTask): 0 | 1 {
  return isExecutionFinished(task.status.phase) ? 0 : 1
}

function isSameExecutor(known: Executor | undefined, executor: Executor): boolean {
  if (known === undefined) return false
  const { activeTasks, lastStatusUpdateTime } = executor
  return isDeepStrictEqual({ ...known, activeTasks, lastStatusUpdateTime }, executor)
}

function newest(known: Executor | undefined, seen: Executor): Executor {
  return known !== undefined && known.lastStatusUpdateTime > seen.lastStatusUpdateTime ? known : seen
}

function isLostSibling(other: Executor, reporter: Executor): boolean {
  if (!other.dynamic || other.id === reporter.id || other.executorGroup !== reporter.executorGroup) return false
  return !reporter.siblingsExecutors.includes(other.id)
}
