import type { RunTaskId } from '../model/ids.ts'
import type { RunConfigTask } from '../model/run-config.ts'
import { buildRunGraph, type RunGraph } from './run-graph.ts'

type Tasks = Readonly<Record<RunTaskId, RunConfigTask>>

/** What is wrong with the dependencies of tasks, for people: cycles, then dependencies that another one implies
 *  (spec/runconfig.md 12, G1 and G2). Empty when all is well. */
export function checkGraph(tasks: Tasks): string[] {
  const graph = buildRunGraph(tasks)
  const circular = onCycles(graph)
  const problems = graph.order.filter((id) => circular.has(id)).map((id) => circularProblem(graph, circular, id))
  return [...problems, ...redundantProblems(graph, circular)]
}

/** The tasks with their levels: 0 for those without parents, else 1 + the highest level of a parent. The graph has no cycles. */
export function withLevels(tasks: Tasks): Record<RunTaskId, RunConfigTask> {
  const levels = levelsOf(buildRunGraph(tasks))
  return Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, { ...task, level: levels.get(id) ?? 0 }]))
}

/** Without those on a cycle or behind one. Linear in tasks and dependencies. */
function levelsOf(graph: RunGraph): Map<RunTaskId, number> {
  const open = new Map(graph.order.map((id) => [id, graph.parents(id).length]))
  const sorted = graph.order.filter((id) => open.get(id) === 0)
  const levels = new Map<RunTaskId, number>(sorted.map((id) => [id, 0]))
  for (const id of sorted) {
    const level = (levels.get(id) ?? 0) + 1
    for (const child of graph.children(id)) {
      const left = (open.get(child) ?? 0) - 1
      open.set(child, left)
      // Parents come by ascending level, so the last one tells.
      if (left === 0) sorted.push(child)
      levels.set(child, Math.max(levels.get(child) ?? 0, level))
    }
  }
  for (const [id, left] of open) if (left > 0) levels.delete(id)
  return levels
}

/** Tasks that are among their own ancestors: the strongly connected components that hold an edge, found in two depth-first walks. */
function onCycles(graph: RunGraph): Set<RunTaskId> {
  const seen = new Set<RunTaskId>()
  const finished: RunTaskId[] = []
  for (const id of graph.order) walk(id, graph.children, seen, finished)
  const circular = new Set<RunTaskId>()
  const placed = new Set<RunTaskId>()
  for (const id of finished.reverse()) {
    const component: RunTaskId[] = []
    walk(id, graph.parents, placed, component)
    if (component.length > 1 || graph.parents(id).includes(id)) for (const member of component) circular.add(member)
  }
  return circular
}

/** Adds to `finished` what can be reached from `root` and was not seen, each after all that it leads to. */
function walk(
  root: RunTaskId,
  next: (id: RunTaskId) => readonly RunTaskId[],
  seen: Set<RunTaskId>,
  finished: RunTaskId[],
): void {
  if (seen.has(root)) return
  seen.add(root)
  const path = [{ id: root, at: 0 }]
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const following = next(top.id)[top.at++]
    if (following === undefined) {
      finished.push(top.id)
      path.pop()
    } else if (!seen.has(following)) {
      seen.add(following)
      path.push({ id: following, at: 0 })
    }
  }
}

function circularProblem(graph: RunGraph, circular: ReadonlySet<RunTaskId>, id: RunTaskId): string {
  const dependents = graph.children(id).filter((child) => circular.has(child))
  const names = dependents.map((child) => quoted(graph, child)).join(', ')
  return `circular dependency: task ${quoted(graph, id)} waits for itself through ${names}`
}

function redundantProblems(graph: RunGraph, circular: ReadonlySet<RunTaskId>): string[] {
  const levels = levelsOf(graph)
  const level = (id: RunTaskId) => levels.get(id) ?? Number.POSITIVE_INFINITY
  return graph.order.flatMap((id) => {
    const parents = graph.parents(id)
    if (parents.length < 2 || circular.has(id)) return []
    const levelMin = parents.reduce((lowest, parent) => Math.min(lowest, level(parent)), Number.POSITIVE_INFINITY)
    return parents
      .filter((parent) => !circular.has(parent) && level(parent) > levelMin)
      .flatMap((parent) => {
        // An ancestor lies on a lower level, so nothing below the lowest parent needs a look.
        const implied = reachable(parent, (at) => graph.parents(at).filter((next) => level(next) >= levelMin))
        return parents.filter((other) => implied.has(other)).map((other) => redundantProblem(graph, id, parent, other))
      })
  })
}

function reachable(id: RunTaskId, next: (id: RunTaskId) => readonly RunTaskId[]): Set<RunTaskId> {
  const found = new Set<RunTaskId>()
  walk(id, next, found, [])
  found.delete(id)
  return found
}

function redundantProblem(graph: RunGraph, id: RunTaskId, parent: RunTaskId, other: RunTaskId): string {
  const [task, near, far] = [quoted(graph, id), quoted(graph, parent), quoted(graph, other)]
  return `task ${task} depends on ${near} and on ${far}, but ${near} depends on ${far} already: remove ${far} from the depends of ${task}`
}

function quoted(graph: RunGraph, id: RunTaskId): string {
  return JSON.stringify(graph.tasks[id]?.name ?? id)
}
