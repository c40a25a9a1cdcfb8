import type { ExecutorId, TimeMs } from './ids.ts'
import type { Arch } from './run-config.ts'

/** Registration record of an executor, refreshed by its status reports (spec/runs.md 9). */
export interface Executor {
  id: ExecutorId
  /** '' : reached in this process. */
  listenUrl: string
  archs: Arch[]
  labels: Record<string, string>
  allowPrivilegedContainers: boolean
  /** 0: no limit. */
  activeTasksLimit: number
  /** Tasks it reported as unfinished. */
  activeTasks: number
  /** Removed by its siblings when it is gone. */
  dynamic: boolean
  executorGroup: string
  siblingsExecutors: ExecutorId[]
  lastStatusUpdateTime: TimeMs
}

/** What an executor reports about itself. */
export type ExecutorStatus = Omit<Executor, 'id' | 'lastStatusUpdateTime'>

/** An executor whose last report is older is not chosen for new tasks. */
export const executorAliveMsMax = 60_000
