import type { RunId, RunTaskId, TimeMs } from '../model/ids.ts'
import type { Run, RunPhase, RunResult } from '../model/run.ts'
import type { Arch, NewRunConfig, RunConfig } from '../model/run-config.ts'
import type { RunEvent } from '../model/run-event.ts'
import type { CallOptions } from './call-options.ts'
import type { StoredContent } from './executor-client.ts'

/** The owner of runs, as gateway, scheduler and command line see it (spec/runs.md 16). What crosses is plain data that survives JSON. */
export interface RunService {
  /** Compiles nothing: tasks come compiled. Graph errors make a run in phase `setuperror`. `invalidRunGroup`. */
  createRun(request: CreateRunRequest, options?: CallOptions): Promise<RunWithConfig>
  /** `runDoesNotExist`, `runCannotBeRestarted` with the reason (spec/runconfig.md 15). */
  restartRun(request: RestartRunRequest, options?: CallOptions): Promise<RunWithConfig>
  getRun(runId: RunId, options?: CallOptions): Promise<RunWithConfig>
  /** `group` may be a root group or below. */
  getRunByNumber(group: string, counter: number, options?: CallOptions): Promise<RunWithConfig>
  listRuns(query: RunQuery, options?: CallOptions): Promise<RunList>
  /** Keeps the run with its logs and archives until it is unpinned; may be repeated. `runDoesNotExist`. */
  pinRun(runId: RunId, options?: CallOptions): Promise<void>
  unpinRun(runId: RunId, options?: CallOptions): Promise<void>
  /** queued → running or cancelled only; `runWrongPhase`. */
  changeRunPhase(runId: RunId, phase: 'running' | 'cancelled', options?: CallOptions): Promise<void>
  /** Running runs only; `runWrongPhase`. */
  stopRun(runId: RunId, options?: CallOptions): Promise<void>
  /** Adds to the task annotation `approvers`, merging with simultaneous ones. Twice the same: `runTaskAlreadyApproved`. */
  addTaskApprover(runId: RunId, taskId: RunTaskId, approver: string, options?: CallOptions): Promise<void>
  /** `runTaskDoesNotExist`, `runTaskNotWaitingApproval`, `runTaskAlreadyApproved`. */
  approveTask(runId: RunId, taskId: RunTaskId, options?: CallOptions): Promise<void>
  /** The run now, then again after every change, intermediate states possibly skipped; ends after it was archived. */
  watchRun(runId: RunId, options?: CallOptions): AsyncIterable<Run>
  /** Sequence of the newest event, for those who follow from now on; 0 when there is none. */
  lastRunEvent(options?: CallOptions): Promise<number>
  /** All events after `afterSequence`, then new ones as they come. */
  watchRunEvents(afterSequence: number, options?: CallOptions): AsyncIterable<RunEvent>
  /** `logDoesNotExist`, `runTaskStepDoesNotExist`. With `follow` the stream ends when the step has ended and all was read. */
  openLog(log: LogRef, options?: CallOptions & { follow?: boolean }): Promise<StoredContent>
  deleteLog(log: LogRef, options?: CallOptions): Promise<void>
}

export type CreateRunRequest = NewRunConfig

export interface RestartRunRequest {
  runId: RunId
  fromStart: boolean
  environment: Record<string, string>
  /** Tasks that run again are skipped when they want other processors than these; missing: none is. */
  archs?: readonly Arch[] | undefined
}

export interface RunWithConfig {
  run: Run
  runConfig: RunConfig
  /** Somebody wants to keep it. */
  pinned?: boolean
}

export interface RunQuery {
  /** Runs of this group and below; several: of any of them; none: all. */
  groups?: string[]
  phases?: RunPhase[]
  results?: RunResult[]
  /** Full name; only runs of it. */
  ref?: string
  /** Exclusive, by sequence. */
  after?: number
  /** Newest first unless true. */
  ascending?: boolean
  limit?: number
}

/** What listings show: no tasks, so that a million runs can be listed without loading them. */
export interface RunSummary {
  id: RunId
  name: string
  counter: number
  sequence: number
  group: string
  annotations: Record<string, string>
  phase: RunPhase
  result: RunResult
  /** Somebody wants to keep it. */
  pinned?: boolean
  enqueueTime: TimeMs | null
  startTime: TimeMs | null
  endTime: TimeMs | null
}

export interface RunList {
  runs: RunSummary[]
  more: boolean
}

/** `step` null is the set-up log. */
export interface LogRef {
  runId: RunId
  taskId: RunTaskId
  step: number | null
}
