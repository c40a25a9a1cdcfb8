import type { Executor } from '../model/executor.ts'
import type { ExecutorClient } from '../ports/executor-client.ts'

/** How the runservice reaches executors. */
export interface ExecutorClients {
  /** null when this process has no way to reach it: another process looks after its tasks. */
  clientFor(executor: Executor): ExecutorClient | null
}
