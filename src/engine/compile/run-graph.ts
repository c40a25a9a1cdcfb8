import { levelsOf } from '../config/dag.ts'
import type { RunTaskId } from '../model/ids.ts'
import type { RunConfigTask } from '../model/run-config.ts'

type Tasks = Record<RunTaskId, RunConfigTask>

/** Sets the level of every task (spec/runconfig.md 12, G3). Changes nothing when there is a circle, which is a problem of the
 *  config, or of the request that the run is created from. */
export function setLevels(tasks: Tasks): void {
  const list = Object.values(tasks)
  const levels = levelsOf(parentsOf(list))
  for (const [index, task] of list.entries()) task.level = levels?.[index] ?? task.level
}

/** The tasks of a run by id, in their order. */
export function tasksById(tasks: readonly RunConfigTask[]): Tasks {
  const byId: Tasks = {}
  // One by one: Object.fromEntries takes twenty times as long for a thousand keys that are all new to the engine.
  for (const task of tasks) byId[task.id] = task
  return byId
}

/** Parents by index in the list, each once. */
export function parentsOf(tasks: readonly RunConfigTask[]): number[][] {
  const indexOf = new Map(tasks.map(({ id }, index) => [id, index]))
  return tasks.map(({ depends }) => Object.keys(depends).flatMap((id) => indexOf.get(id) ?? []))
}
