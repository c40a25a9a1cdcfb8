import type { CacheLookup } from './cache-lookup.ts'
import type { ErrorKind } from './errors.ts'
import type { RunConfigId, RunId, RunTaskId, TimeMs } from './ids.ts'

/** queued → running → finished, or queued → cancelled; setuperror is born finished (spec/runs.md 2.1). */
export type RunPhase = 'setuperror' | 'queued' | 'cancelled' | 'running' | 'finished'

/** Set once, while the run is running (spec/runs.md 2.2). */
export type RunResult = 'unknown' | 'stopped' | 'success' | 'failed'

/** spec/runs.md 2.3. Finished: all but `notstarted` and `running`. */
export type RunTaskStatus = 'notstarted' | 'skipped' | 'cancelled' | 'running' | 'stopped' | 'success' | 'failed'

/** Phases of an executor task and of a step (spec/runs.md 2.4). */
export type ExecutionPhase = 'notstarted' | 'cancelled' | 'running' | 'stopped' | 'success' | 'failed'

/** notstarted: the executor still has the data. finished: it is in object storage, or it never existed; never left again. */
export type FetchPhase = 'notstarted' | 'finished'

/** One execution of a run config. Changed only by decisions, stored with a compare on its revision. */
export interface Run {
  id: RunId
  runConfigId: RunConfigId
  name: string
  /** Number of the run within its root group, from 1, without gaps in normal operation. */
  counter: number
  /** Global order of creation: newest first listings and the queue use it. */
  sequence: number
  group: string
  annotations: Record<string, string>
  phase: RunPhase
  result: RunResult
  /** Somebody asked it to stop. */
  stop: boolean
  tasks: Record<RunTaskId, RunTask>
  enqueueTime: TimeMs | null
  startTime: TimeMs | null
  endTime: TimeMs | null
  /** Finished and everything fetched: it leaves all loops and moves to the data manager. */
  archived: boolean
  creationTime: TimeMs
}

/** The reported state of a task. It can lag: whether a task is scheduled is told by its executor task, not by this. */
export interface RunTask {
  id: RunTaskId
  status: RunTaskStatus
  timedout: boolean
  skip: boolean
  waitingApproval: boolean
  approved: boolean
  /** `approvers`: JSON array of user ids (spec/runs.md 6). */
  annotations: Record<string, string>
  setupStep: RunTaskStep
  steps: RunTaskStep[]
  /** Indexes of the `save_to_workspace` steps. */
  workspaceArchives: number[]
  workspaceArchivesPhase: FetchPhase[]
  /** Why the executor could not run it, where that was not the fault of a step; '' otherwise. */
  failError: string
  /** Of the error behind `failError`, where there was one: tells a broken machine from a broken build. */
  failKind?: ErrorKind
  /** Set while a failed step waits for somebody to decide; the task and the step are `running` meanwhile. */
  paused?: TaskPause
  startTime: TimeMs | null
  endTime: TimeMs | null
}

/** A step has failed, and its pod is kept until somebody says how to go on. */
export interface TaskPause {
  /** Index of the step. */
  step: number
  /** Of the failed try; null: it never ended by itself. */
  exitStatus: number | null
  since: TimeMs
  /** When the failure stands by itself. */
  until: TimeMs
}

export interface RunTaskStep {
  phase: ExecutionPhase
  logPhase: FetchPhase
  /** null: it never ended by itself. */
  exitStatus: number | null
  startTime: TimeMs | null
  endTime: TimeMs | null
  /** Of a step that saves or restores a cache. */
  cache?: CacheLookup[]
  /** Of the whole log, once it is written; null: whoever wrote it died, so that its end may be missing; absent: not yet, or not known. */
  logBytes?: number | null
}

export function isRunFinished(phase: RunPhase): boolean {
  return phase === 'finished' || phase === 'cancelled' || phase === 'setuperror'
}

export function isTaskFinished(status: RunTaskStatus): boolean {
  return status !== 'notstarted' && status !== 'running'
}

export function isExecutionFinished(phase: ExecutionPhase): boolean {
  return phase !== 'notstarted' && phase !== 'running'
}
