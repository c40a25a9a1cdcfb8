import type { TimeMs } from '../model/ids.ts'
import type { Run, RunPhase, RunResult } from '../model/run.ts'

/** A change of phase or result; each becomes one run event. */
export interface RunTransition {
  phase: RunPhase
  result: RunResult
}

/** What the phase and the result of a run depend on, counted. */
export interface RunTally {
  /** Tasks that have not finished. */
  unfinished: number
  /** Tasks that failed and whose failure counts. */
  failed: number
  /** Executor tasks of the run that still exist. */
  executorTasks: number
}

/** What a run is apart from its tasks. */
export type RunFacts = Omit<Run, 'tasks'>

/** A run really without its tasks, which may be many and are stored one by one. */
export type RunHeader = RunFacts & { tasks?: never }

/** One pass over the run itself: sets the result, or finishes the run when the result was set before (spec/runs.md 2.1, 2.2).
 *  The same object when nothing changes. */
export function advanceRun<R extends RunFacts>(run: R, tally: RunTally, now: TimeMs): R {
  if (run.phase !== 'running') return run
  if (run.result === 'unknown') {
    const result = decideResult(run, tally)
    return result === 'unknown' ? run : { ...run, result }
  }
  if (tally.unfinished > 0 || tally.executorTasks > 0) return run
  return { ...run, phase: 'finished', endTime: now }
}

function decideResult(run: RunFacts, tally: RunTally): RunResult {
  if (tally.failed > 0) return 'failed'
  // Before `stopped`: a run whose tasks all ended by themselves while the stop was under way did succeed.
  if (tally.unfinished === 0) return 'success'
  return run.stop ? 'stopped' : 'unknown'
}
