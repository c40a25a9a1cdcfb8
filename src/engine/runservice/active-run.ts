import { type AssignOptions, assignTasks, type ExecutorPool } from '../decide/assign-tasks.ts'
import { RunDraft } from '../decide/run-draft.ts'
import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import type { ExecutorId, RunId } from '../model/ids.ts'
import { isRunFinished } from '../model/run.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import type { ExecutorRegistry } from './executor-registry.ts'
import { allOutstanding, type Outstanding, outstandingOf } from './outstanding.ts'
import type { RunArchive } from './run-archive.ts'
import { executorTaskIdOf, type RunStore, type StoredRun } from './run-store.ts'

/** Changes a run. Runs again on the run as it is then when somebody else was faster. Throws before it changes anything. */
export type Change = (draft: RunDraft) => void

/** What an active run tells its surroundings. */
export interface ActiveRunHost {
  readonly store: RunStore
  readonly registry: ExecutorRegistry
  /** Executors to which this process can give tasks. */
  readonly pool: ExecutorPool
  readonly archive: RunArchive
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly failUnplaceable: boolean
  /** Whether this process looks after the run: sends and fetches what is to be, and archives it. */
  isMine(stored: StoredRun): boolean
  /** Whether it may give more of its tasks to executors; not those of a run that it only brings to its end. */
  mayAssign(stored: StoredRun): boolean
  /** The changes are stored; this is what follows from them. */
  onStored(stored: StoredRun, outstanding: readonly Outstanding[]): void
  /** Whether tasks of the run wait for an executor. */
  onWaiting(runId: RunId, isWaiting: boolean): void
  /** An executor task ended, so other runs may find room. */
  onRoom(): void
  /** It is in the archive now, or no longer here for another reason. */
  onGone(runId: RunId): void
}

interface Job {
  change: Change
  resolve: () => void
  reject: (error: unknown) => void
}

const attemptsMax = 20
const pauseMsMax = 50

/** One run in the hands of the dispatcher. Changes queue up here: those that are waiting are stored together with what is decided
 *  from them, in one transaction, one after the other. */
export class ActiveRun {
  readonly #id: RunId
  readonly #host: ActiveRunHost
  #jobs: Job[] = []
  #stored: StoredRun | null
  /** Highest revision of the run that somebody told us of. */
  #seen = 0n
  #isWoken = false
  #isWorking = false
  #work: Promise<void> = Promise.resolve()

  constructor(id: RunId, host: ActiveRunHost, stored: StoredRun | null = null) {
    this.#id = id
    this.#host = host
    this.#stored = stored
  }

  /** undefined until it was loaded. */
  get owner(): ExecutorId | undefined {
    return this.#stored?.owner
  }

  /** Resolves when the change and what follows from it are stored. `runDoesNotExist` when it is not active. */
  update(change: Change): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#jobs.push({ change, resolve, reject })
    this.#start()
    return promise
  }

  /** Decides again: there may be room for tasks, or somebody else may have changed the run. */
  wake(): void {
    this.#isWoken = true
    this.#start()
  }

  /** The store holds the run at this revision, whoever wrote it. Returns whether that is news. */
  see(revision: bigint): boolean {
    if (revision > this.#seen) this.#seen = revision
    // While we write ourselves it may well be our own revision.
    return !this.#isWorking && this.#isStale()
  }

  /** The run as it is stored, as far as we know, loaded when needed; null when it is not active. Not to be changed. */
  async read(): Promise<StoredRun | null> {
    if (this.#stored === null || this.#isStale()) {
      try {
        await this.update(() => undefined)
      } catch (error) {
        if (!hasCode(error, 'runDoesNotExist')) throw error
      }
    }
    return this.#stored
  }

  /** Resolves when nothing of it is under way. */
  async idle(): Promise<void> {
    while (this.#isWorking) await this.#work
  }

  #isStale(): boolean {
    return this.#stored !== null && this.#seen > this.#stored.revision
  }

  #start(): void {
    if (this.#isWorking) return
    this.#isWorking = true
    this.#work = this.#workOff()
  }

  async #workOff(): Promise<void> {
    // What comes at the same moment is taken together.
    await Promise.resolve()
    while (this.#jobs.length > 0 || this.#isWoken || this.#isStale()) {
      const jobs = this.#jobs
      this.#jobs = []
      this.#isWoken = false
      try {
        await this.#changeAndDecide(jobs)
      } catch (error) {
        this.#stored = null
        for (const job of jobs) job.reject(error)
        if (jobs.length === 0) this.#host.log.error(`run ${this.#id}: deciding failed`, { error: messageOf(error) })
      }
    }
    this.#isWorking = false
  }

  async #changeAndDecide(jobs: readonly Job[]): Promise<void> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const stored = await this.#load()
      if (stored === null) {
        this.#host.onGone(this.#id)
        throw new AgolaError('runDoesNotExist', `run ${this.#id} does not exist or is archived`)
      }
      if (await this.#tryChange(stored, jobs)) {
        await this.#archiveWhenDone(stored)
        return
      }
      this.#stored = null
      // What made it fail once is known after loading; only when others keep writing it helps to step aside.
      if (attempt > 1) await this.#host.clock.sleep(this.#host.random.fraction() * pauseMsMax)
    }
    throw new AgolaError('concurrentUpdate', `run ${this.#id} was changed by others ${attemptsMax} times in a row`)
  }

  async #load(): Promise<StoredRun | null> {
    if (this.#stored !== null && !this.#isStale()) return this.#stored
    this.#seen = 0n
    this.#stored = await this.#host.store.load(this.#id)
    const stored = this.#stored
    if (stored !== null && this.#host.isMine(stored)) this.#host.onStored(stored, allOutstanding(stored.state))
    return stored
  }

  /** Whether the changes were stored. */
  async #tryChange(stored: StoredRun, jobs: readonly Job[]): Promise<boolean> {
    const { registry, store } = this.#host
    const draft = new RunDraft(stored.state)
    const outcomes = jobs.map((job) => settle(job, draft))
    // A transaction tells whether the run is still as we know it. Without one somebody has to ask, before anything is refused or ignored.
    const isUnproven = outcomes.some((outcome) => outcome.isRefused) || (jobs.length > 0 && draft.writes.length === 0)
    if (isUnproven && !(await store.isCurrent(stored))) {
      draft.reject()
      return false
    }
    const isNew = (id: string) => !stored.state.executorTasks.has(id)
    let isStored = false
    try {
      this.#decide(stored, draft)
      isStored = draft.writes.length === 0 || (await store.commit(stored, draft))
    } finally {
      if (!isStored) {
        draft.reject()
        noteExecutorTasks(registry, draft, (taskId) => stored.state.executorTasks.get(taskId))
      }
    }
    if (!isStored) return false
    const outstanding = outstandingOf(draft, (task) => isNew(task.runTaskId))
    draft.accept()
    for (const { finish } of outcomes) finish()
    if (draft.writes.length > 0) this.#host.onStored(stored, this.#host.isMine(stored) ? outstanding : [])
    if (draft.writes.some((write) => write.type === 'executorTask' || write.type === 'deleteExecutorTask'))
      this.#host.onRoom()
    return true
  }

  #decide(stored: StoredRun, draft: RunDraft): void {
    const { registry, clock, failUnplaceable } = this.#host
    const now = clock.now()
    draft.decide(now)
    noteExecutorTasks(registry, draft, (taskId) => draft.executorTask(taskId))
    if (!this.#host.mayAssign(stored)) return
    const options: AssignOptions = {
      pool: this.#host.pool,
      executorTaskId: executorTaskIdOf,
      onAssigned: (task) => registry.note(task),
      failUnplaceable,
      now,
    }
    this.#host.onWaiting(this.#id, assignTasks(draft, options))
  }

  async #archiveWhenDone(stored: StoredRun): Promise<void> {
    const { run, progress } = stored.state
    if (!isRunFinished(run.phase) || !progress.isFetched || !this.#host.isMine(stored)) return
    await this.#host.archive.putRun({ ...run, archived: true })
    // Somebody else may have archived it at the same time: then it is gone already.
    if (!(await this.#host.store.remove(stored))) this.#isWoken = true
    this.#stored = null
    if (!this.#isWoken) this.#host.onGone(this.#id)
  }
}

/** Applies a change; `finish` tells its caller how it went, to be called once the rest is stored. */
function settle(job: Job, draft: RunDraft): { isRefused: boolean; finish: () => void } {
  try {
    job.change(draft)
    return { isRefused: false, finish: job.resolve }
  } catch (error) {
    return { isRefused: true, finish: () => job.reject(error) }
  }
}

function noteExecutorTasks(
  registry: ExecutorRegistry,
  draft: RunDraft,
  current: (taskId: string) => ReturnType<RunDraft['executorTask']>,
): void {
  for (const write of draft.writes) {
    if (write.type !== 'executorTask' && write.type !== 'deleteExecutorTask') continue
    const task = current(write.task.runTaskId)
    if (task === undefined) registry.forget(write.task.id)
    else registry.note(task)
  }
}
