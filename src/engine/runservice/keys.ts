import type { ExecutorId, ExecutorTaskId, RunId, RunTaskId } from '../model/ids.ts'

const base = 'runservice'

/** Where the runservice keeps what is alive in the key-value store (spec/storage.md 9.1). */
export const keys = {
  base: `${base}/`,
  /** The run without its tasks. Every change of a run compares and writes it, so its revision stands for the whole run. */
  runs: `${base}/runs/`,
  run: (id: RunId) => `${base}/runs/${id}`,
  /** Tasks that are no longer as the run config makes them; all others are not stored. */
  runTasks: (id: RunId) => `${base}/runtasks/${id}/`,
  runTask: (id: RunId, taskId: RunTaskId) => `${base}/runtasks/${id}/${taskId}`,
  /** Runs whose tasks are being stored, in several transactions before the one that makes the run: the time when that began. */
  creations: `${base}/creations/`,
  creation: (id: RunId) => `${base}/creations/${id}`,
  runNumber: (root: string, counter: number) => `${base}/runnumbers/${escaped(root)}/${padded(counter)}`,
  executorTasks: `${base}/executortasks/`,
  executorTasksOf: (runId: RunId) => `${base}/executortasks/${runId}/`,
  executorTask: (runId: RunId, id: ExecutorTaskId) => `${base}/executortasks/${runId}/${id}`,
  executors: `${base}/executors/`,
  executor: (id: ExecutorId) => `${base}/executors/${id}`,
  counter: (root: string) => `${base}/counters/${escaped(root)}`,
  /** There while no new runs are taken. */
  maintenance: `${base}/maintenance`,
  /** Written by everybody who pins a run. */
  pins: `${base}/pins`,
  /** Written by every import: a run config that was stored before it is gone. */
  imports: `${base}/imports`,
  runSequence: `${base}/sequences/run`,
  runEventSequence: `${base}/sequences/runevent`,
  runEvents: `${base}/runevents/`,
  runEvent: (sequence: number) => `${base}/runevents/${padded(sequence)}`,
} as const

function padded(number: number): string {
  return number.toString().padStart(16, '0')
}

function escaped(text: string): string {
  return encodeURIComponent(text)
}
