import { isTaskFinished, type Run } from '../engine/model/run.ts'
import type { RunConfig } from '../engine/model/run-config.ts'

/** Names of the tasks that wait for an approval nobody will give, once nothing else of the run can go on; empty before that. */
export function approvalsMissing(
  { run, runConfig }: { run: Run; runConfig: RunConfig },
  given: { tasks: readonly string[]; all: boolean },
): string[] {
  if (run.phase !== 'running' || given.all) return []
  const waiting: string[] = []
  for (const task of Object.values(run.tasks)) {
    const config = runConfig.tasks[task.id]
    if (config === undefined || isTaskFinished(task.status)) continue
    if (task.waitingApproval) {
      if (given.tasks.includes(config.name)) return []
      waiting.push(config.name)
      continue
    }
    const ready = Object.keys(config.depends).every((id) => isTaskFinished(run.tasks[id]?.status ?? 'notstarted'))
    if (task.status === 'running' || ready) return []
  }
  return waiting
}
