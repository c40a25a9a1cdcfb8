import type { RunTaskId, TimeMs } from './ids.ts'
import type { ExecutionPhase, RunPhase, RunResult, RunTaskStatus } from './run.ts'
import type { DependCondition } from './run-config.ts'

/** What a person follows while runs go on. One stream feeds the screen, the plain lines and `--output ndjson`.
 *  Order: run_created first; a step's output lies between its start and its end; run_finished last of its run. */
export type ProgressEvent =
  | (ProgressBase & {
      type: 'run_created'
      name: string
      group: string
      phase: RunPhase
      setupErrors: string[]
      tasks: ProgressTask[]
    })
  | (ProgressBase & { type: 'task_started'; task: TaskRef })
  | (ProgressBase & { type: 'step_started'; task: TaskRef; step: StepRef })
  | (ProgressBase & { type: 'step_output'; task: TaskRef; step: StepRef; data: Uint8Array })
  | (ProgressBase & {
      type: 'step_finished'
      task: TaskRef
      step: StepRef
      phase: ExecutionPhase
      exitStatus: number | null
      durationMs: number
      /** One line about its log when a part of that was lost before it came here; null: it is whole. */
      cutLog: string | null
    })
  | (ProgressBase & {
      type: 'task_finished'
      task: TaskRef
      status: RunTaskStatus
      timedout: boolean
      failError: string
      durationMs: number
    })
  | (ProgressBase & { type: 'approval_required'; task: TaskRef })
  /** A step has failed and its pod is kept; the step goes on after `task_resumed`, or ends then. */
  | (ProgressBase & { type: 'task_paused'; task: TaskRef; step: StepRef; exitStatus: number | null; until: TimeMs })
  | (ProgressBase & { type: 'task_resumed'; task: TaskRef; step: StepRef })
  | (ProgressBase & { type: 'run_finished'; phase: RunPhase; result: RunResult; durationMs: number })

export interface ProgressBase {
  time: TimeMs
  /** Number of the run. */
  run: number
}

export interface TaskRef {
  id: RunTaskId
  name: string
}

/** `index` −1 is the set-up of the task. */
export interface StepRef {
  index: number
  name: string
  type: string
}

export interface ProgressTask extends TaskRef {
  level: number
  depends: { id: RunTaskId; conditions: DependCondition[] }[]
  status: RunTaskStatus
  steps: StepRef[]
}
