import { ancestorsOf } from '../config/dag.ts'
import type { RunConfigTask } from '../model/run-config.ts'
import type { CompiledRun } from './compiled-run.ts'
import { parentsOf } from './run-graph.ts'
import { keepOnly } from './select-tasks.ts'

/** What is known of a task from the round before. */
export interface KnownTask {
  /** From `definitionOf`. */
  definition: string
  succeeded: boolean
}

/** What a task is told to do, ids aside. */
export function definitionOf(run: CompiledRun, task: RunConfigTask): string {
  const { id: _, depends, level: __, ...rest } = task
  const needs = Object.values(depends).map(({ taskId, conditions }) => [run.tasks[taskId]?.name, conditions])
  return JSON.stringify([rest, needs])
}

/** The run with those tasks whose inputs can have changed together with the tree, and those between and before them that they
 *  cannot do without. A task has the tree as input when it clones, or restores a workspace that such a task may have written.
 *  null: there is none. `known` is by name of the task. */
export function keepAffected(run: CompiledRun, known: ReadonlyMap<string, KnownTask>): CompiledRun | null {
  const tasks = Object.values(run.tasks)
  const parents = parentsOf(tasks)
  const ancestors = tasks.map((_, index) => ancestorsOf(parents, [index]))
  const affected = new Set<number>()
  const byLevel = [...tasks.entries()].sort(([, a], [, b]) => a.level - b.level)
  for (const [index, task] of byLevel) {
    const before = known.get(task.name)
    const isKnown = before?.succeeded === true && before.definition === definitionOf(run, task)
    const dependsOnResult = Object.values(task.depends).some(({ conditions }) => conditions.join() !== 'on_success')
    const reads = hasStep(task, 'restore_workspace') || dependsOnResult
    const readsChanged = reads && (ancestors[index] ?? []).some((ancestor) => affected.has(ancestor))
    if (!isKnown || hasStep(task, 'clone') || readsChanged) affected.add(index)
  }
  if (affected.size === 0) return null
  const followed = [...new Set([...affected].flatMap((index) => ancestors[index] ?? []))]
  let kept = withSuppliers(tasks, ancestors, affected)
  for (let count = 0; count !== kept.size; ) {
    count = kept.size
    // A task between two others keeps them in order; what it restores has to be supplied too, which may put others in between.
    const between = followed.filter((index) => ancestors[index]?.some((ancestor) => kept.has(ancestor)))
    kept = withSuppliers(tasks, ancestors, new Set([...kept, ...between]))
  }
  return keepOnly(run, new Set([...kept].map((index) => tasks[index]?.id ?? '')))
}

/** With the tasks that wrote the workspaces which are restored: all before them, so that nothing has to be looked for twice. */
function withSuppliers(
  tasks: readonly RunConfigTask[],
  ancestors: readonly number[][],
  wanted: ReadonlySet<number>,
): Set<number> {
  const restoring = [...wanted].filter((index) => hasStep(tasks[index], 'restore_workspace'))
  const before = restoring.flatMap((index) => ancestors[index] ?? [])
  return new Set([...wanted, ...before.filter((index) => hasStep(tasks[index], 'save_to_workspace'))])
}

function hasStep(task: RunConfigTask | undefined, type: RunConfigTask['steps'][number]['type']): boolean {
  return task?.steps.some((step) => step.type === type) === true
}
