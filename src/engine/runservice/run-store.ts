import { createHash } from 'node:crypto'
import type { RunHeader, RunTransition } from '../decide/advance-run.ts'
import { newRunState, type RunDraft, type RunState } from '../decide/run-draft.ts'
import { newRunTask } from '../decide/run-task-state.ts'
import { AgolaError } from '../model/errors.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, RunId, RunTaskId } from '../model/ids.ts'
import type { Run, RunTask } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compare, Entry, KeyValueStore, Op, Txn, TxnResult } from '../ports/key-value-store.ts'
import type { Random } from '../ports/random.ts'
import type { RunQuery, RunSummary } from '../ports/run-service.ts'
import { Limit } from '../std/limit.ts'
import { definiteTxn } from './definite-txn.ts'
import {
  decodeExecutorTask,
  decodeNumber,
  decodeRun,
  decodeRunTask,
  decodeText,
  encode,
  headerOf,
} from './documents.ts'
import { keys } from './keys.ts'
import { inMaintenance } from './maintenance-mode.ts'
import { readAll } from './read-all.ts'
import type { RunArchive } from './run-archive.ts'
import { rootGroupOf, rootOf } from './run-group.ts'
import { type WriteBatch, writeBatches } from './write-batches.ts'

/** An active run in memory, with the revision of the store at which it is just so. */
export interface StoredRun {
  state: RunState
  revision: bigint
  owner: ExecutorId
}

/** One for each run and run task, so that a task can be given away at most once: the store refuses a second one. */
export function executorTaskIdOf(runId: RunId, taskId: RunTaskId): ExecutorTaskId {
  const hex = createHash('sha256').update(`${runId}/${taskId}`).digest('hex')
  // Version 8: a uuid made by a rule of one's own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Tasks of a run that was not made in this time are removed; one that takes longer begins again. */
const creationMsMax = 10 * 60_000

/** What is left to store of a run in the transaction that makes it. */
interface PreparedTasks {
  /** That nobody has removed the rest meanwhile. */
  compare: Compare[]
  ops: Op[]
}

export interface RunStoreOptions {
  kv: KeyValueStore
  archive: RunArchive
  clock: Clock
  random: Random
  /** Told after run events were stored. */
  onEvents(): void
}

export interface NewRun {
  config: RunConfig
  owner: ExecutorId
  /** Called with the numbers that the run gets; again when somebody else was faster. */
  make(ids: { counter: number; sequence: number }): Run
  /** Tasks that do not begin as the run config makes them. */
  changedTasks: readonly RunTask[]
}

/** A number of the store and the revision at which it has this value. */
interface Numbered {
  value: number
  revision: bigint
}

/** Active runs in the key-value store (spec/storage.md 9). Every change of a run compares and writes its header; every change of its
 *  phase or result adds an event in the same transaction. */
export class RunStore {
  readonly #kv: KeyValueStore
  readonly #archive: RunArchive
  readonly #clock: Clock
  readonly #random: Random
  readonly #onEvents: () => void
  readonly #instance: string
  readonly #configs = new Map<RunId, RunConfig>()
  /** Transactions that take numbers wait for each other here instead of failing each other in the store. */
  readonly #numbering = new Limit(1)
  /** As this process knows it; wrong once another one has written an event. */
  #lastEvent: Numbered | null = null
  #writes = 0

  constructor({ kv, archive, clock, random, onEvents }: RunStoreOptions) {
    this.#kv = kv
    this.#archive = archive
    this.#clock = clock
    this.#random = random
    this.#onEvents = onEvents
    this.#instance = random.uuid()
  }

  /** null when there is no such active run. */
  async load(runId: RunId, options: CallOptions = {}): Promise<StoredRun | null> {
    const { entry, revision } = await this.#kv.get(keys.run(runId), options)
    if (entry === null) return null
    const document = decodeRun(entry)
    const config = await this.#config(headerOf(document), options)
    const at = { ...options, revision }
    const tasks = await readAll(this.#kv, keys.runTasks(runId), at)
    const executorTasks = await readAll(this.#kv, keys.executorTasksOf(runId), at)
    const run = { ...headerOf(document), tasks: tasksOf(document.phase, config, tasks.entries.map(decodeRunTask)) }
    const state = newRunState(run, config, executorTasks.entries.map(decodeExecutorTask))
    return { state, revision: entry.modRevision, owner: document.owner }
  }

  /** Whether there is such a run, active or archived. */
  async exists(runId: RunId): Promise<boolean> {
    // In this order: a run is archived before it ends to be active.
    return (await this.#kv.get(keys.run(runId))).entry !== null || (await this.#archive.getRun(runId)) !== null
  }

  /** Whether nobody has changed the run since. */
  async isCurrent({ state: { run }, revision }: StoredRun): Promise<boolean> {
    return (await this.#kv.get(keys.run(run.id))).entry?.modRevision === revision
  }

  async activeRuns(options: CallOptions = {}): Promise<{ header: RunHeader; owner: ExecutorId }[]> {
    const { entries } = await readAll(this.#kv, keys.runs, options)
    return entries.map(decodeRun).map((document) => ({ header: headerOf(document), owner: document.owner }))
  }

  async findRun(root: string, counter: number, options: CallOptions = {}): Promise<RunId | null> {
    const { entry } = await this.#kv.get(keys.runNumber(root, counter), options)
    return entry === null ? null : decodeText(entry)
  }

  async executorTasks(options: CallOptions = {}): Promise<ExecutorTask[]> {
    return (await readAll(this.#kv, keys.executorTasks, options)).entries.map(decodeExecutorTask)
  }

  /** Of a task whose run is gone. */
  async deleteExecutorTask(task: ExecutorTask): Promise<void> {
    await this.#kv.txn({ then: [{ type: 'delete', key: keys.executorTask(task.runId, task.id) }] })
  }

  /** `inMaintenance` while the store takes no new runs. */
  async requireOpen(): Promise<void> {
    if ((await this.#kv.get(keys.maintenance)).entry !== null) throw inMaintenance()
  }

  /** Stores a new run with its config, number, sequence and first event. `inMaintenance`. */
  async create({ config, owner, make, changedTasks }: NewRun): Promise<StoredRun> {
    const root = rootOf(config.group)
    let imports = await this.#number(keys.imports)
    await this.#archive.putRunConfig(config)
    return this.#numbering.run(async () => {
      for (;;) {
        const [sequence, counter, event] = await Promise.all([
          this.#lastNumber(keys.runSequence, {}, ({ sequence }) => sequence),
          this.#lastNumber(keys.counter(root), { groups: [rootGroupOf(config.group)] }, ({ counter }) => counter),
          this.#number(keys.runEventSequence),
        ])
        const run = make({ sequence: sequence.value + 1, counter: counter.value + 1 })
        const tasks = await this.#putTasks(run, changedTasks)
        const last = { sequence, counter, event, imports }
        const revision = tasks === null ? null : await this.#tryCreate(run, owner, tasks, last)
        if (revision === null) {
          await this.requireOpen()
          const before = imports.revision
          imports = await this.#number(keys.imports)
          if (imports.revision !== before) await this.#archive.putRunConfig(config)
          continue
        }
        this.#configs.set(run.id, config)
        return { state: newRunState(run, config), revision, owner }
      }
    })
  }

  /** Stores what the draft changed. false when somebody else changed the run since it was loaded: it has to be loaded again, and of
   *  changes that take several transactions the first ones may be stored. */
  async commit(stored: StoredRun, draft: RunDraft): Promise<boolean> {
    const isNew = (task: ExecutorTask) => !stored.state.executorTasks.has(task.runTaskId)
    const { tasks: _, ...header } = stored.state.run
    for (const batch of writeBatches(header, draft.writes, isNew)) {
      const revision = await (batch.transitions.length > 0
        ? this.#numbering.run(() => this.#writeBatch(stored, batch))
        : this.#writeBatch(stored, batch))
      if (revision === null) return false
      stored.revision = revision
    }
    return true
  }

  /** Removes an archived run. false when somebody else changed or removed it. */
  async remove({ state: { run }, revision }: StoredRun): Promise<boolean> {
    const result = await this.#definite({
      compare: [{ key: keys.run(run.id), target: 'modRevision', operator: '=', value: revision }],
      then: [
        { type: 'delete', key: keys.run(run.id) },
        { type: 'delete', key: keys.runNumber(rootOf(run.group), run.counter) },
        { type: 'deletePrefix', prefix: keys.runTasks(run.id) },
        { type: 'deletePrefix', prefix: keys.executorTasksOf(run.id) },
      ],
    })
    this.#configs.delete(run.id)
    return result.succeeded
  }

  /** Of runs whose creation was cut short. A creation that is still under way notices, and begins again. */
  async removeAbandonedTasks(options: CallOptions = {}): Promise<void> {
    const { entries } = await readAll(this.#kv, keys.creations, options)
    const oldest = this.#clock.now() - creationMsMax
    for (const entry of entries.filter((each) => decodeNumber(each) < oldest)) {
      const { key, modRevision } = entry
      const compare: Compare[] = [{ key, target: 'modRevision', operator: '=', value: modRevision }]
      const prefix = keys.runTasks(key.slice(keys.creations.length))
      await this.#kv.txn({
        compare,
        then: [
          { type: 'delete', key },
          { type: 'deletePrefix', prefix },
        ],
      })
    }
  }

  async #config(run: RunHeader, options: CallOptions): Promise<RunConfig> {
    const config = this.#configs.get(run.id) ?? (await this.#archive.getRunConfig(run.runConfigId, options))
    if (config === null) throw new AgolaError('dataDoesNotExist', `the run config of run ${run.id} is missing`)
    this.#configs.set(run.id, config)
    return config
  }

  async #number(key: string): Promise<Numbered> {
    const { entry } = await this.#kv.get(key)
    return numbered(entry)
  }

  /** A number that was given to a run is never given again, also after a loss of the key-value store: the newest run of the archive has
   *  the highest one. */
  async #lastNumber(key: string, query: RunQuery, numberOf: (run: RunSummary) => number): Promise<Numbered> {
    const found = await this.#number(key)
    if (found.revision !== 0n) return found
    const [newest] = (await this.#archive.listRuns({ ...query, limit: 1 })).runs
    return { ...found, value: newest === undefined ? found.value : numberOf(newest) }
  }

  /** Stores what does not fit into the transaction that makes the run visible, and gives the rest: nearly always all. null when what it
   *  stored was removed again. All of it compares a key which says that the run is being made, and which the last transaction deletes. */
  async #putTasks(run: Run, tasks: readonly RunTask[]): Promise<PreparedTasks | null> {
    const writes = tasks.map((task) => ({ type: 'task', task }) as const)
    const { tasks: _, ...header } = run
    const batches = writeBatches(header, writes, () => false).map(({ ops }) => [...ops.values()])
    const last = batches.pop() ?? []
    if (batches.length === 0) return { compare: [], ops: last }
    const key = keys.creation(run.id)
    const { revision } = await this.#kv.txn({ then: [{ type: 'put', key, value: encode(this.#clock.now()) }] })
    const compare: Compare[] = [{ key, target: 'modRevision', operator: '=', value: revision }]
    for (const ops of batches) if (!(await this.#kv.txn({ compare, then: ops })).succeeded) return null
    return { compare, ops: [...last, { type: 'delete', key }] }
  }

  async #tryCreate(
    run: Run,
    owner: ExecutorId,
    tasks: PreparedTasks,
    last: { sequence: Numbered; counter: Numbered; event: Numbered; imports: Numbered },
  ): Promise<bigint | null> {
    const { tasks: _, ...header } = run
    const key = keys.run(run.id)
    const root = rootOf(run.group)
    const result = await this.#definite({
      compare: [
        { key, target: 'createRevision', operator: '=', value: 0n },
        { key: keys.maintenance, target: 'createRevision', operator: '=', value: 0n },
        unchanged(keys.runSequence, last.sequence),
        unchanged(keys.counter(root), last.counter),
        unchanged(keys.runEventSequence, last.event),
        // Else an import has replaced the run config.
        unchanged(keys.imports, last.imports),
        ...tasks.compare,
      ],
      then: [
        { type: 'put', key, value: encode({ ...header, owner, writeId: this.#nextWriteId() }) },
        { type: 'put', key: keys.runNumber(root, run.counter), value: encode(run.id) },
        { type: 'put', key: keys.runSequence, value: encode(run.sequence) },
        { type: 'put', key: keys.counter(root), value: encode(run.counter) },
        ...tasks.ops,
        ...this.#eventOps(header, [header], last.event.value),
      ],
      else: [{ type: 'get', key }],
    })
    if (result.succeeded) {
      this.#lastEvent = { value: last.event.value + 1, revision: result.revision }
      this.#onEvents()
      return result.revision
    }
    // Nobody else makes a run of this id: when it is there it is this one, whose outcome was unknown.
    return result.gets[0]?.modRevision ?? null
  }

  /** The revision of the run after it, or null when the run was at another revision than it should be. */
  async #writeBatch(stored: StoredRun, batch: WriteBatch): Promise<bigint | null> {
    const key = keys.run(batch.header.id)
    for (;;) {
      const writeId = this.#nextWriteId()
      const last =
        batch.transitions.length === 0 ? null : (this.#lastEvent ?? (await this.#number(keys.runEventSequence)))
      const result = await this.#definite({
        compare: [
          { key, target: 'modRevision', operator: '=', value: stored.revision },
          ...batch.compare.values(),
          ...(last === null ? [] : [unchanged(keys.runEventSequence, last)]),
        ],
        then: [
          { type: 'put', key, value: encode({ ...batch.header, owner: stored.owner, writeId }) },
          ...batch.ops.values(),
          ...(last === null ? [] : this.#eventOps(batch.header, batch.transitions, last.value)),
        ],
        else: [
          { type: 'get', key },
          { type: 'get', key: keys.runEventSequence },
        ],
      })
      if (result.succeeded) {
        if (last !== null) {
          this.#lastEvent = { value: last.value + batch.transitions.length, revision: result.revision }
          this.#onEvents()
        }
        return result.revision
      }
      const [run = null, event = null] = result.gets
      if (run !== null && decodeRun(run).writeId === writeId) return run.modRevision
      this.#lastEvent = numbered(event)
      if (run?.modRevision !== stored.revision || last?.revision === this.#lastEvent.revision || last === null)
        return null
    }
  }

  #eventOps(run: RunHeader, transitions: readonly RunTransition[], last: number): Op[] {
    const events = transitions.map(({ phase, result }, index) => {
      const sequence = last + index + 1
      const event = { sequence, runId: run.id, phase, result, time: this.#clock.now() }
      return { type: 'put', key: keys.runEvent(sequence), value: encode(event) } as const
    })
    return [...events, { type: 'put', key: keys.runEventSequence, value: encode(last + transitions.length) }]
  }

  #definite(request: Txn): Promise<TxnResult> {
    return definiteTxn({ kv: this.#kv, clock: this.#clock, random: this.#random }, request)
  }

  #nextWriteId(): string {
    this.#writes += 1
    return `${this.#instance}/${this.#writes}`
  }
}

function unchanged(key: string, { revision }: Numbered): Compare {
  return { key, target: 'modRevision', operator: '=', value: revision }
}

function numbered(entry: Entry | null): Numbered {
  return { value: decodeNumber(entry), revision: entry?.modRevision ?? 0n }
}

function tasksOf(phase: Run['phase'], config: RunConfig, changed: readonly RunTask[]): Run['tasks'] {
  if (phase === 'setuperror') return {}
  const stored = new Map(changed.map((task) => [task.id, task]))
  const tasks = Object.values(config.tasks).map((task) => stored.get(task.id) ?? newRunTask(task))
  return Object.fromEntries(tasks.map((task) => [task.id, task]))
}
