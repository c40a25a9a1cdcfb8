import { type Executor, executorAliveMsMax } from '../model/executor.ts'
import type { ExecutorId, TimeMs } from '../model/ids.ts'
import type { Arch, RunConfigTask } from '../model/run-config.ts'

/** What a task asks of an executor. */
export interface TaskNeed {
  arch: Arch | ''
  privileged: boolean
}

export function needOf(task: RunConfigTask): TaskNeed {
  return { arch: task.runtime.arch, privileged: task.runtime.containers.some((container) => container.privileged) }
}

/** Whether the executor is of the right kind, however busy or silent it is. */
export function suits(executor: Executor, need: TaskNeed): boolean {
  if (need.privileged && !executor.allowPrivilegedContainers) return false
  return need.arch === '' || executor.archs.includes(need.arch)
}

export function isAlive(executor: Executor, now: TimeMs): boolean {
  return now - executor.lastStatusUpdateTime <= executorAliveMsMax
}

/** Reports come periodically and would let many tasks through at once, so what was assigned counts as well. */
export function loadOf(executor: Executor, assigned: number): number {
  return Math.max(executor.activeTasks, assigned)
}

export function hasRoom(executor: Executor, assigned: number): boolean {
  return executor.activeTasksLimit === 0 || loadOf(executor, assigned) < executor.activeTasksLimit
}

/** The executor for a task: alive, of the right kind and with room; the one with the smallest part of its limit in use, then the
 *  fewest tasks, then the lowest id (spec/runs.md 8). undefined: none now. */
export function chooseExecutor(
  executors: readonly Executor[],
  assigned: (id: ExecutorId) => number,
  need: TaskNeed,
  now: TimeMs,
): Executor | undefined {
  let best: Executor | undefined
  for (const executor of executors) {
    if (!isAlive(executor, now) || !suits(executor, need) || !hasRoom(executor, assigned(executor.id))) continue
    if (best === undefined || compareLoad(executor, best, assigned) < 0) best = executor
  }
  return best
}

function compareLoad(a: Executor, b: Executor, assigned: (id: ExecutorId) => number): number {
  const loads = [loadOf(a, assigned(a.id)), loadOf(b, assigned(b.id))] as const
  const ratio = loads[0] / (a.activeTasksLimit || Infinity) - loads[1] / (b.activeTasksLimit || Infinity)
  return ratio || loads[0] - loads[1] || (a.id < b.id ? -1 : 1)
}

/** Why no executor, not even an idle one, will ever take the task; undefined when one might, or when none is known yet. */
export function whyUnplaceable(executors: readonly Executor[], need: TaskNeed): string | undefined {
  if (executors.length === 0 || executors.some((executor) => suits(executor, need))) return undefined
  const archs = [...new Set(executors.flatMap((executor) => executor.archs))].sort()
  if (need.arch !== '' && !archs.includes(need.arch)) {
    return `no executor can run it: it needs the architecture ${need.arch}, here is only ${archs.join(', ') || 'none'}; without \`arch\` in its runtime it runs on any`
  }
  return (
    'no executor can run it: it has a privileged container, which --allow-privileged allows where Docker or Podman makes the containers ' +
    '(the host driver has none), or allowPrivilegedContainers of a server'
  )
}
