import type { TimeMs } from '../model/ids.ts'
import { isTaskFinished, type Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import { advanceRun, type RunTally, type RunTransition } from './advance-run.ts'
import { advanceTasks, type Scheduled } from './advance-tasks.ts'

export interface DecidedRun {
  run: Run
  transitions: RunTransition[]
}

/** Repeats passes over the whole run until nothing changes: what `RunDraft.decide` must come to as well. Costs tasks × levels. */
export function decideRun(run: Run, config: RunConfig, scheduled: Scheduled, now: TimeMs): DecidedRun {
  const transitions: RunTransition[] = []
  for (let current = run; ; ) {
    const header = advanceRun(current, tallyOf(current, config, scheduled), now)
    if (header !== current) transitions.push({ phase: header.phase, result: header.result })
    const tasks = header.phase === 'running' ? advanceTasks(header, config, scheduled) : []
    if (header === current && tasks.length === 0) return { run: current, transitions }
    current = { ...header, tasks: { ...header.tasks, ...Object.fromEntries(tasks.map((task) => [task.id, task])) } }
  }
}

export function tallyOf(run: Run, config: RunConfig, scheduled: Scheduled): RunTally {
  const tasks = Object.values(run.tasks)
  return {
    unfinished: tasks.filter((task) => !isTaskFinished(task.status)).length,
    failed: tasks.filter((task) => task.status === 'failed' && config.tasks[task.id]?.ignoreFailure !== true).length,
    executorTasks: scheduled.size,
  }
}
