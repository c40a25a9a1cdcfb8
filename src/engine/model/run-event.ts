import type { RunId, TimeMs } from './ids.ts'
import type { RunPhase, RunResult } from './run.ts'

/** One for every change of phase or result, stored in the same transaction as the change (spec/runs.md 14). */
export interface RunEvent {
  sequence: number
  runId: RunId
  phase: RunPhase
  result: RunResult
  time: TimeMs
}
