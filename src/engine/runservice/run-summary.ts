import type { RunFacts } from '../decide/advance-run.ts'
import type { RunList, RunQuery, RunSummary } from '../ports/run-service.ts'
import { isInGroup } from './run-group.ts'

export function summaryOf(run: RunFacts): RunSummary {
  const { id, name, counter, sequence, group, annotations, phase, result, enqueueTime, startTime, endTime } = run
  return { id, name, counter, sequence, group, annotations, phase, result, enqueueTime, startTime, endTime }
}

/** Whether a run is asked for, its place in the list aside. */
export function matchesQuery(run: RunSummary, query: RunQuery): boolean {
  if (query.phases !== undefined && !query.phases.includes(run.phase)) return false
  if (query.results !== undefined && !query.results.includes(run.result)) return false
  if (query.ref !== undefined && run.annotations.ref !== query.ref) return false
  if (query.groups !== undefined && !query.groups.some((group) => isInGroup(run.group, group))) return false
  if (query.after === undefined) return true
  return query.ascending === true ? run.sequence > query.after : run.sequence < query.after
}

/** The answer to a query out of runs in any order, some of them perhaps given twice. */
export function listOf(runs: Iterable<RunSummary>, query: RunQuery): RunList {
  const found = new Map<string, RunSummary>()
  for (const run of runs) if (matchesQuery(run, query)) found.set(run.id, run)
  const direction = query.ascending === true ? 1 : -1
  const sorted = [...found.values()].sort((a, b) => direction * (a.sequence - b.sequence))
  const limit = query.limit ?? sorted.length
  return { runs: sorted.slice(0, limit), more: sorted.length > limit }
}
