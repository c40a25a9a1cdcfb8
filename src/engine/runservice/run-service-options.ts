import type { ExecutorId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { Random } from '../ports/random.ts'
import type { Secrets } from '../ports/secrets.ts'
import type { ExecutorClients } from './executor-clients.ts'
import type { RunReadModel } from './read-model/run-read-model.ts'
import type { RunArchive } from './run-archive.ts'

export interface RunServiceOptions {
  kv: KeyValueStore
  objects: ObjectStorage
  /** Where caches lie; absent: in `objects`. */
  caches?: ObjectStorage
  archive: RunArchive
  /** Answers lists in processes that are asked for many; run and ended with the service. Absent: the stores do. */
  readModel?: RunReadModel
  executors: ExecutorClients
  secrets: Secrets
  clock: Clock
  random: Random
  log: Log
  /** Local engine: the executor of this process. Runs made here belong to it: no other process touches them while it lives, this
   *  process touches no others, and when it dies without a word they are closed by whoever notices. Absent: every process of the
   *  store looks after every run. */
  owner?: ExecutorId
  /** Tasks that no known executor could run even when idle fail at once; by default they wait for another executor. */
  failUnplaceableTasks?: boolean
  /** Labels of everything that is made for a task of the run. */
  labels?: (run: Run, config: RunConfig) => Record<string, string>
  retention?: Partial<Retention>
  /** false: nothing is deleted by its age unless somebody calls the cleaner. */
  cleansByItself?: boolean
  /** Note when each cache was used last, for a cleaner that goes by it. */
  notesCacheUse?: boolean
  /** Told of every failure to store what tasks leave. The run waits and it is tried again; a person may want to know why. */
  onTrouble?: (error: unknown) => void
}

/** Ages after which stored things are deleted, unless somebody still needs them (spec/runs.md 11). */
export interface Retention {
  cacheAgeMsMax: number
  workspaceAgeMsMax: number
  logAgeMsMax: number
}

const dayMs = 24 * 60 * 60 * 1000

export const defaultRetention: Retention = {
  cacheAgeMsMax: 7 * dayMs,
  workspaceAgeMsMax: 7 * dayMs,
  logAgeMsMax: 30 * dayMs,
}
