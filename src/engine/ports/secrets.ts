import type { RunId } from '../model/ids.ts'

/** Values of secret variables, which are never stored with a run. */
export interface Secrets {
  /** Every secret known for the run, by variable name; those that nobody gave are absent. */
  forRun(runId: RunId): ReadonlyMap<string, string>
}
