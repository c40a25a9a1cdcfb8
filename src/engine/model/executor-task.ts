import type { CacheLookup } from './cache-lookup.ts'
import type { ErrorKind } from './errors.ts'
import type { ExecutorId, ExecutorTaskId, RunId, RunTaskId, TimeMs } from './ids.ts'
import type { ExecutionPhase, TaskPause } from './run.ts'
import type { Arch, ArchiveContent, Volume } from './run-config.ts'

/** A run task given to one executor. At most one exists per (run, run task), so its id is derived from both. */
export interface ExecutorTask {
  id: ExecutorTaskId
  executorId: ExecutorId
  runId: RunId
  runTaskId: RunTaskId
  /** Only ever goes from false to true. */
  stop: boolean
  status: ExecutorTaskStatus
}

/** What the executor gets: the stored part and the spec, which holds secrets, is never stored and is built anew each time. */
export interface ExecutorTaskWithSpec extends ExecutorTask {
  spec: ExecutorTaskSpec
}

export interface ExecutorTaskStatus {
  phase: ExecutionPhase
  timedout: boolean
  /** Why it could not run, for people; '' otherwise. Masked. */
  failError: string
  /** Of the error behind `failError`, where there was one: tells a broken machine from a broken build. */
  failKind?: ErrorKind
  /** Set while a failed step waits for somebody to decide. */
  paused?: TaskPause
  setupStep: ExecutorTaskStepStatus
  steps: ExecutorTaskStepStatus[]
  startTime: TimeMs | null
  endTime: TimeMs | null
}

export interface ExecutorTaskStepStatus {
  phase: ExecutionPhase
  exitStatus: number | null
  startTime: TimeMs | null
  endTime: TimeMs | null
  /** Of a step that saves or restores a cache. */
  cache?: CacheLookup[]
  /** Of the whole log, once it is written; null: whoever wrote it died, so that its end may be missing; absent: not yet, or not known. */
  logBytes?: number | null
}

/** Everything the executor needs, with all values resolved (spec/runconfig.md 17). */
export interface ExecutorTaskSpec {
  taskName: string
  arch: Arch | ''
  containers: ExecutorContainer[]
  /** task < static < run environment < AGOLA_RUN_COUNTER, already merged. */
  environment: Record<string, string>
  workingDir: string
  shell: string
  user: string
  /** Archives of all ancestors, by (level, name, step); only those that exist. */
  workspaceOperations: WorkspaceOperation[]
  dockerRegistriesAuth: Record<string, ExecutorRegistryAuth>
  cachePrefix: string
  steps: ExecutorStep[]
  /** 0: none. Counted from the end of the set-up. */
  taskTimeoutIntervalMs: number
  /** Values that no log, event or stored text may show (spec/local-runs.md 7.3). */
  secretValues: string[]
  /** Labels for all objects that a driver makes for this task, beside its own. */
  labels: Record<string, string>
}

export interface ExecutorContainer {
  image: string
  environment: Record<string, string>
  user: string
  privileged: boolean
  entrypoint: string
  volumes: Volume[]
}

export interface ExecutorRegistryAuth {
  type: 'basic' | 'encodedauth'
  username: string
  password: string
  auth: string
}

export interface WorkspaceOperation {
  taskId: RunTaskId
  /** For people. */
  taskName: string
  step: number
}

export type ExecutorStep =
  | {
      type: 'run'
      name: string
      command: string
      environment: Record<string, string>
      workingDir: string
      shell: string
      tty: boolean
    }
  | { type: 'clone'; name: string; depth: number; recurseSubmodules: boolean }
  | { type: 'save_to_workspace'; name: string; contents: ArchiveContent[] }
  | { type: 'restore_workspace'; name: string; destDir: string }
  | { type: 'save_cache'; name: string; key: string; contents: ArchiveContent[] }
  | { type: 'restore_cache'; name: string; keys: string[]; destDir: string }
