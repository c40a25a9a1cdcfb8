import type { Executor } from '../model/executor.ts'
import type { ExecutorId } from '../model/ids.ts'
import type { ExecutorClient } from '../ports/executor-client.ts'

/** How the runservice reaches executors. */
export interface ExecutorClients {
  /** null when this process has no way to reach it: another process looks after its tasks. */
  clientFor(executor: Executor): ExecutorClient | null
  /** What an executor has written, where that can be read without asking it: it may live in another process, or be gone. */
  filesOf?(executorId: ExecutorId): ExecutorFiles
}

export type ExecutorFiles = Pick<ExecutorClient, 'openLog' | 'openArchive'>
