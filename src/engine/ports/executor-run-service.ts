import type { Readable } from 'node:stream'
import type { ExecutorStatus } from '../model/executor.ts'
import type { ExecutorTaskStatus, ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, RunTaskId } from '../model/ids.ts'
import type { CallOptions } from './call-options.ts'
import type { StoredContent } from './executor-client.ts'
import type { ObjectSource } from './object-storage.ts'

/** The runservice, as an executor sees it (spec/runs.md 16.3). */
export interface ExecutorRunService {
  sendExecutorStatus(executorId: ExecutorId, status: ExecutorStatus, options?: CallOptions): Promise<void>
  /** Every stored task of the executor, in any phase. */
  listExecutorTasks(executorId: ExecutorId, options?: CallOptions): Promise<ExecutorTaskWithSpec[]>
  /** `executorTaskDoesNotExist` once everything was fetched: the executor forgets the task then. */
  getExecutorTask(taskId: ExecutorTaskId, options?: CallOptions): Promise<ExecutorTaskWithSpec>
  /** Stored before it resolves. A task that no longer exists is ignored. */
  sendExecutorTaskStatus(taskId: ExecutorTaskId, status: ExecutorTaskStatus, options?: CallOptions): Promise<void>
  /** `archiveDoesNotExist`. */
  openWorkspaceArchive(taskId: RunTaskId, step: number, options?: CallOptions): Promise<StoredContent>
  hasCache(key: string, options?: CallOptions): Promise<boolean>
  /** Exact key first, then the newest key that starts with it. null: no match. */
  openCache(key: string, options?: CallOptions): Promise<CacheHit | null>
  /** Caches are immutable: false when somebody else saved the key before. */
  saveCache(key: string, source: ObjectSource, options?: CallOptions & { sizeBytes?: number }): Promise<boolean>
}

export interface CacheHit {
  key: string
  exact: boolean
  sizeBytes: number
  /** Where it lies on this host, finished; absent when it does not. */
  file?: string
  stream(): Readable
}
