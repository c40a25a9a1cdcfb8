import { findCycles, findRedundantEdges, levelsOf } from '../config/dag.ts'
import type { RunTaskId } from '../model/ids.ts'
import type { RunConfigTask } from '../model/run-config.ts'

type Tasks = Record<RunTaskId, RunConfigTask>

/** What is wrong with the graph of a run: circles, and dependencies that others imply (spec/runconfig.md 12, G1 and G2). Ids that do not exist are left out. */
export function checkRunGraph(tasks: Tasks): string[] {
  const list = Object.values(tasks)
  const parents = parentsOf(list)
  const nameOf = (index: number): string => JSON.stringify(list[index]?.name ?? '')
  const circular = findCycles(parents).map(({ node, dependents }) => {
    return `circular dependency: task ${nameOf(node)} is needed by ${dependents.map(nameOf).join(', ')}, which it depends on`
  })
  const redundant = findRedundantEdges(parents).map(({ node, redundant, implying }) => {
    return `redundant dependency: task ${nameOf(node)} depends on ${nameOf(redundant)}, and on ${nameOf(implying)}, which depends on it already`
  })
  return [...circular, ...redundant]
}

/** Sets the level of every task (G3). Returns false, and changes nothing, when there is a circle. */
export function setLevels(tasks: Tasks): boolean {
  const list = Object.values(tasks)
  const levels = levelsOf(parentsOf(list))
  if (levels === null) return false
  for (const [index, task] of list.entries()) task.level = levels[index] ?? 0
  return true
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
