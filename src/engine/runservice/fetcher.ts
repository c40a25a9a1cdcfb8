import { markArchivesFetched, markFetched } from '../decide/run-reports.ts'
import { isSettled } from '../decide/run-task-state.ts'
import { hasCode, messageOf } from '../model/errors.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { ExecutorTaskId, RunId, RunTaskId } from '../model/ids.ts'
import type { RunTask } from '../model/run.ts'
import type { StoredContent } from '../ports/executor-client.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import { Limit } from '../std/limit.ts'
import type { Change } from './active-run.ts'
import type { ExecutorClients, ExecutorFiles } from './executor-clients.ts'
import type { ExecutorRegistry } from './executor-registry.ts'
import { archiveKey, archives, logKey, logs, markerKey } from './task-objects.ts'

export interface FetcherOptions {
  objects: ObjectStorage
  registry: ExecutorRegistry
  executors: ExecutorClients
  log: Log
  /** Stores a change of a run. */
  update(runId: RunId, change: Change): Promise<void>
  /** Something could not be stored, again and again perhaps. */
  onTrouble(error: unknown): void
}

const fetchesMax = 8

/** Takes over what finished tasks leave at their executors: first the archives, for which children wait, then the logs. What could
 *  not be fetched stays where it is until the next time that somebody asks for it (spec/runs.md 10.3). */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #limit = new Limit(fetchesMax)
  readonly #active = new Map<ExecutorTaskId, Promise<void>>()

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Starts fetching unless that is going on already. */
  fetch(executorTask: ExecutorTask, task: RunTask): void {
    if (this.#active.has(executorTask.id)) return
    const work = this.#limit.run(() => this.#tryFetch(executorTask, task))
    this.#active.set(executorTask.id, work)
    void work.finally(() => this.#active.delete(executorTask.id))
  }

  /** Resolves when nothing is being fetched any more. */
  async idle(): Promise<void> {
    while (this.#active.size > 0) await Promise.all(this.#active.values())
  }

  async #tryFetch(executorTask: ExecutorTask, task: RunTask): Promise<void> {
    try {
      await this.#fetch(executorTask, task)
    } catch (error) {
      // The run is gone: nobody wants it any more.
      if (hasCode(error, 'runDoesNotExist')) return
      this.#options.log.warn('logs and archives could not be fetched', { task: task.id, error: messageOf(error) })
      this.#options.onTrouble(error)
    }
  }

  async #fetch({ id, executorId, runId }: ExecutorTask, task: RunTask): Promise<void> {
    const { registry, executors, update } = this.#options
    const executor = registry.get(executorId)
    const client = executor === undefined ? executors.filesOf?.(executorId) : executors.clientFor(executor)
    // Another process reaches it.
    if (client === null) return
    // A task whose executor is gone without a trace keeps what was fetched before.
    if (client !== undefined) {
      if (!isSettled(task)) {
        await this.#fetchArchives(client, id, runId, task)
        await update(runId, (draft) => markArchivesFetched(draft, task.id))
      }
      await this.#fetchLogs(client, id, runId, task)
    }
    await update(runId, (draft) => markFetched(draft, task.id))
  }

  async #fetchArchives(client: ExecutorFiles, id: ExecutorTaskId, runId: RunId, task: RunTask): Promise<void> {
    const steps = task.workspaceArchives.filter((_, index) => task.workspaceArchivesPhase[index] !== 'finished')
    if (steps.length > 0) await this.#mark(archives, task.id, runId)
    for (const step of steps) {
      await this.#store(archiveKey(task.id, step), () => client.openArchive(id, step))
    }
  }

  async #fetchLogs(client: ExecutorFiles, id: ExecutorTaskId, runId: RunId, task: RunTask): Promise<void> {
    const wanted = [
      ...(task.setupStep.logPhase === 'finished' ? [] : [null]),
      ...task.steps.flatMap((step, index) => (step.logPhase === 'finished' ? [] : [index])),
    ]
    if (wanted.length > 0) await this.#mark(logs, task.id, runId)
    for (const step of wanted) await this.#store(logKey(task.id, step), () => client.openLog({ taskId: id, step }))
  }

  // Before the data, so that data without a user is never there, not even for a moment.
  async #mark(kind: typeof logs | typeof archives, taskId: RunTaskId, runId: RunId): Promise<void> {
    await this.#options.objects.put(markerKey(kind, taskId, runId), new Uint8Array(), { sizeBytes: 0 })
  }

  /** Stores what `open` gives, unless it is there already or was never made. */
  async #store(key: string, open: () => Promise<StoredContent>): Promise<void> {
    const { objects } = this.#options
    try {
      const content = await open()
      const source = content.file === undefined ? content.stream() : { file: content.file }
      const size = content.sizeBytes === null ? {} : { sizeBytes: content.sizeBytes }
      await objects.put(key, source, { ...size, ifAbsent: true })
    } catch (error) {
      if (!isSettledAnyway(error)) throw error
    }
  }
}

/** It is stored already, or the executor has none. A file that was there a moment ago and is gone was fetched by another process, which
 *  has swept it after the run had ended. */
function isSettledAnyway(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
  return hasCode(error, 'objectExists', 'logDoesNotExist', 'archiveDoesNotExist', 'executorTaskDoesNotExist')
}
