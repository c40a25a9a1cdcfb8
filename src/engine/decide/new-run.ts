import type { RunConfigId, RunId, TimeMs } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import { newRunTask } from './run-task-state.ts'

export interface NewRunIds {
  runId: RunId
  runConfigId: RunConfigId
  counter: number
  sequence: number
}

/** The run of a run config as it begins: queued, or in error for good when the config says so (spec/runconfig.md 14). */
export function newRun(config: RunConfig, ids: NewRunIds, now: TimeMs): Run {
  const isBroken = config.setupErrors.length > 0
  const tasks = isBroken ? [] : Object.values(config.tasks).map(newRunTask)
  return {
    id: ids.runId,
    runConfigId: ids.runConfigId,
    name: config.name,
    counter: ids.counter,
    sequence: ids.sequence,
    group: config.group,
    annotations: config.annotations,
    phase: isBroken ? 'setuperror' : 'queued',
    result: 'unknown',
    stop: false,
    tasks: Object.fromEntries(tasks.map((task) => [task.id, task])),
    enqueueTime: now,
    startTime: null,
    endTime: null,
    archived: false,
    creationTime: now,
  }
}
