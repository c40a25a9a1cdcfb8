import type { Writable } from 'node:stream'
import type { RunTaskId } from '../model/ids.ts'
import type { TaskPause } from '../model/run.ts'
import type { CallOptions } from './call-options.ts'
import type { ContainerExec, TtySize } from './pod-driver.ts'

/** Failed steps that wait for a decision, in this process or in another one of this machine: the caller cannot tell which.
 *  `taskNotPaused` when the task is not, or no more. */
export interface Pauses {
  list(options?: CallOptions): Promise<PausedTask[]>
  /** Runs the step again. With `sync` the changes of the work tree since the run's snapshot are made in the pod first; null without. */
  retry(task: PausedTaskRef, request: { sync: boolean }, options?: CallOptions): Promise<SyncResult | null>
  /** Goes on as if the step had succeeded. */
  skip(task: PausedTaskRef, options?: CallOptions): Promise<void>
  /** Lets the failure stand. */
  continue(task: PausedTaskRef, options?: CallOptions): Promise<void>
  /** Starts a command, or a shell when there is none, as the step would be run. What it prints is not masked. */
  openShell(task: PausedTaskRef, request: PausedShellRequest, options?: CallOptions): Promise<ContainerExec>
}

export interface PausedTaskRef {
  /** Number of the run. */
  run: number
  taskId: RunTaskId
}

export interface PausedTask extends PausedTaskRef {
  task: string
  step: string
  pause: TaskPause
}

export interface PausedShellRequest {
  command: readonly string[]
  /** null: output and errors apart, no terminal. */
  tty: TtySize | null
  /** Below what the step itself sets, such as TERM. */
  environment: Record<string, string>
  stdout: Writable
  /** null with a terminal. */
  stderr: Writable | null
}

/** Files that were changed in the pod. */
export interface SyncResult {
  added: number
  changed: number
  deleted: number
  /** Why there was nothing to change, when the task is not one that could be; '' otherwise. */
  note: string
}
