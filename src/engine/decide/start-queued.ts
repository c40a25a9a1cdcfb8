import type { RunId } from '../model/ids.ts'

/** A queued or running run, as far as the queue is concerned. */
export interface QueuedRun {
  id: RunId
  group: string
  sequence: number
}

/** Which queued runs start now: the first of each scope in which none is running. Runs of the scope null are left alone
 *  (spec/runs.md 5). */
export function startQueued<R extends QueuedRun>(
  queued: readonly R[],
  running: readonly R[],
  scopeOf: (run: R) => string | null,
): R[] {
  const taken = new Set(running.map(scopeOf))
  return queued
    .toSorted((a, b) => a.sequence - b.sequence)
    .filter((run) => {
      const scope = scopeOf(run)
      if (scope === null || taken.has(scope)) return false
      taken.add(scope)
      return true
    })
}
