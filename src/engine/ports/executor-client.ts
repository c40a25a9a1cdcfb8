import type { Readable } from 'node:stream'
import type { ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorTaskId } from '../model/ids.ts'
import type { CallOptions } from './call-options.ts'

/** One executor, as the runservice sees it (spec/runs.md 17.2). In this process or over HTTP. */
export interface ExecutorClient {
  /** Hands over a new task, or the stop of a known one. Resolves when it was taken note of, not when it has started. */
  submit(task: ExecutorTaskWithSpec, options?: CallOptions): Promise<void>
  /** The task is likely to be submitted soon: its pod may be made now. A hint; nothing is reported about it. */
  prepare(task: ExecutorTaskWithSpec, options?: CallOptions): Promise<void>
  /** The prepared task will not come: what was made for it goes away without a trace. */
  discard(taskId: ExecutorTaskId, options?: CallOptions): Promise<void>
  /** `logDoesNotExist` when the executor has none (not started, or fetched and gone). */
  openLog(log: ExecutorLogRef, options?: CallOptions & { follow?: boolean }): Promise<StoredContent>
  /** `archiveDoesNotExist` when the step made none. */
  openArchive(taskId: ExecutorTaskId, step: number, options?: CallOptions): Promise<StoredContent>
}

/** `step` null is the set-up log. */
export interface ExecutorLogRef {
  taskId: ExecutorTaskId
  step: number | null
}

export interface StoredContent {
  /** null while it may still grow. */
  sizeBytes: number | null
  /** Where it lies on this host, finished; absent when it does not or may still grow. */
  file?: string
  /** Opens it; call at most once. */
  stream(): Readable
}
