import type { RunTaskId } from '../model/ids.ts'
import type { RunConfig, RunConfigTask } from '../model/run-config.ts'

/** The tasks of a run config in a fixed order, and who waits for whom. Never changes, so one serves every decision about a run. */
export interface RunGraph {
  /** Ascending by (level, name, id): parents come before their children. */
  readonly order: readonly RunTaskId[]
  /** Place of a task in `order`. */
  readonly ordinals: ReadonlyMap<RunTaskId, number>
  readonly tasks: Readonly<Record<RunTaskId, RunConfigTask>>
  /** Ids of the tasks it depends on; ids that are not in the run config are left out. */
  parents(id: RunTaskId): readonly RunTaskId[]
  children(id: RunTaskId): readonly RunTaskId[]
}

const graphs = new WeakMap<RunConfig, RunGraph>()

/** The graph of a run config, made once for each object. */
export function graphOf(config: RunConfig): RunGraph {
  let graph = graphs.get(config)
  if (graph === undefined) {
    graph = buildRunGraph(config.tasks)
    graphs.set(config, graph)
  }
  return graph
}

export function buildRunGraph(tasks: Readonly<Record<RunTaskId, RunConfigTask>>): RunGraph {
  const order = Object.values(tasks)
    .sort(compareTasks)
    .map((task) => task.id)
  const parents = new Map<RunTaskId, RunTaskId[]>()
  const children = new Map<RunTaskId, RunTaskId[]>(order.map((id) => [id, []]))
  for (const id of order) {
    const known = Object.keys(tasks[id]?.depends ?? {}).filter((parent) => children.has(parent))
    parents.set(id, known)
    for (const parent of known) children.get(parent)?.push(id)
  }
  return {
    order,
    ordinals: new Map(order.map((id, index) => [id, index])),
    tasks,
    parents: (id) => parents.get(id) ?? [],
    children: (id) => children.get(id) ?? [],
  }
}

/** Order of tasks wherever one is needed: by level, then name, then id. */
export function compareTasks(a: RunConfigTask, b: RunConfigTask): number {
  return a.level - b.level || compareText(a.name, b.name) || compareText(a.id, b.id)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Every task that `id` waits for, directly or not, in the order of the graph. Ends on cycles, where it includes `id` itself. */
export function ancestors(graph: RunGraph, id: RunTaskId): RunTaskId[] {
  return inOrder(graph, reach(id, graph.parents))
}

/** Every task that waits for one of `ids`, directly or not, in the order of the graph. */
export function descendants(graph: RunGraph, ids: Iterable<RunTaskId>): RunTaskId[] {
  const found = new Set<RunTaskId>()
  for (const id of ids) reach(id, graph.children, found)
  return inOrder(graph, found)
}

function reach(
  id: RunTaskId,
  next: (id: RunTaskId) => readonly RunTaskId[],
  found = new Set<RunTaskId>(),
): Set<RunTaskId> {
  const open = [...next(id)]
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    if (found.has(current)) continue
    found.add(current)
    open.push(...next(current))
  }
  return found
}

function inOrder(graph: RunGraph, ids: Iterable<RunTaskId>): RunTaskId[] {
  const place = (id: RunTaskId) => graph.ordinals.get(id) ?? 0
  return [...ids].sort((a, b) => place(a) - place(b))
}
