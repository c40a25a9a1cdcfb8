/** Graphs of tasks as lists of parents by index: `parents[i]` are the tasks that task i depends on, each once. Linear in tasks and edges. */
export type Parents = readonly (readonly number[])[]

export interface CycleMember {
  node: number
  /** Nodes of the same cycle that depend directly on it. */
  dependents: number[]
}

/** A direct dependency that another direct dependency implies. */
export interface RedundantEdge {
  node: number
  /** The dependency that could be left out. */
  redundant: number
  /** Depends on `redundant` itself, directly or through others. */
  implying: number
}

/** All nodes that are among their own ancestors, in order. */
export function findCycles(parents: Parents): CycleMember[] {
  const component = componentsOf(parents)
  const dependents = new Map<number, number[]>()
  for (const [node, own] of parents.entries()) {
    for (const parent of own) {
      if (component[parent] !== component[node]) continue
      const known = dependents.get(parent)
      if (known === undefined) dependents.set(parent, [node])
      else known.push(node)
    }
  }
  return [...dependents].map(([node, own]) => ({ node, dependents: own })).sort((a, b) => a.node - b.node)
}

/** Nodes so that parents come first. Those on a cycle, or behind one, are left out. */
export function parentsFirst(parents: Parents): number[] {
  const waiting = parents.map((own) => own.length)
  const children = childrenOf(parents)
  const order = waiting.flatMap((count, node) => (count === 0 ? [node] : []))
  for (const node of order) {
    for (const child of children[node] ?? []) {
      const left = (waiting[child] ?? 0) - 1
      waiting[child] = left
      if (left === 0) order.push(child)
    }
  }
  return order
}

/** 0 for nodes without parents, else 1 + the highest level of a parent; null when there is a cycle. */
export function levelsOf(parents: Parents): number[] | null {
  const levels = parents.map(() => 0)
  const order = parentsFirst(parents)
  for (const node of order) {
    for (const parent of parents[node] ?? []) levels[node] = Math.max(levels[node] ?? 0, 1 + (levels[parent] ?? 0))
  }
  return order.length === parents.length ? levels : null
}

/** Everything that `node` depends on, directly or through others; itself too when it is on a cycle. In order. */
export function ancestorsOf(parents: Parents, nodes: readonly number[]): number[] {
  const found = new Set<number>()
  const open = [...nodes]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const parent of parents[node] ?? []) {
      if (found.has(parent)) continue
      found.add(parent)
      open.push(parent)
    }
  }
  return [...found].sort((a, b) => a - b)
}

/** Direct dependencies that are implied by another one, in order; one entry for each, whatever number of others implies it. */
export function findRedundantEdges(parents: Parents): RedundantEdge[] {
  const order = parentsFirst(parents)
  const joins = order.filter((node) => (parents[node]?.length ?? 0) > 1)
  // Only dependencies of nodes with several of them can be redundant, so only these are traced.
  const traced = [...new Set(joins.flatMap((node) => parents[node] ?? []))]
  const found: RedundantEdge[] = []
  // Blocks keep the table of ancestors small for any graph.
  for (let start = 0; start < traced.length; start += AncestorBits.columns) {
    const bits = new AncestorBits(parents.length, traced.slice(start, start + AncestorBits.columns))
    for (const node of order) found.push(...bits.addNode(node, parents[node] ?? []))
  }
  return found.sort((a, b) => a.node - b.node || a.redundant - b.redundant)
}

/** For each node, which of the traced nodes are among its ancestors: a row of bits a node. */
class AncestorBits {
  static readonly #words = 32
  static readonly columns = AncestorBits.#words * 32
  readonly #bits: Int32Array
  readonly #columnOf: Map<number, number>

  constructor(nodes: number, traced: readonly number[]) {
    this.#bits = new Int32Array(nodes * AncestorBits.#words)
    this.#columnOf = new Map(traced.map((node, column) => [node, column]))
  }

  /** Nodes come after their parents. Returns the edges of this node that its other edges imply. */
  addNode(node: number, parents: readonly number[]): RedundantEdge[] {
    for (const parent of parents) this.#addAncestorsOf(parent, node)
    const redundant = parents.length < 2 ? [] : parents.filter((parent) => this.#has(node, parent))
    const edges = redundant.map((parent) => {
      return { node, redundant: parent, implying: parents.find((other) => this.#has(other, parent)) ?? parent }
    })
    for (const parent of parents) this.#set(node, parent)
    return edges
  }

  #addAncestorsOf(parent: number, node: number): void {
    const from = parent * AncestorBits.#words
    const to = node * AncestorBits.#words
    for (let word = 0; word < AncestorBits.#words; word++) {
      this.#bits[to + word] = (this.#bits[to + word] ?? 0) | (this.#bits[from + word] ?? 0)
    }
  }

  #has(node: number, ancestor: number): boolean {
    const column = this.#columnOf.get(ancestor)
    if (column === undefined) return false
    return ((this.#bits[node * AncestorBits.#words + (column >>> 5)] ?? 0) & (1 << (column & 31))) !== 0
  }

  #set(node: number, ancestor: number): void {
    const column = this.#columnOf.get(ancestor)
    if (column === undefined) return
    const at = node * AncestorBits.#words + (column >>> 5)
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (column & 31))
  }
}

function childrenOf(parents: Parents): number[][] {
  const children: number[][] = parents.map(() => [])
  for (const [node, own] of parents.entries()) {
    for (const parent of own) children[parent]?.push(node)
  }
  return children
}

/** A number for each node; nodes have the same one when each is an ancestor of the other (Tarjan, without recursion). */
function componentsOf(parents: Parents): number[] {
  const component = parents.map(() => -1)
  const index = parents.map(() => -1)
  const low = parents.map(() => 0)
  const open: number[] = []
  let visited = 0
  for (const root of parents.keys()) {
    if (index[root] !== -1) continue
    const path = [{ node: root, next: 0 }]
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { node } = at
      if (at.next === 0) {
        index[node] = visited
        low[node] = visited++
        open.push(node)
      }
      const parent = parents[node]?.[at.next++]
      if (parent !== undefined) {
        if (index[parent] === -1) path.push({ node: parent, next: 0 })
        else if (component[parent] === -1) low[node] = Math.min(low[node] ?? 0, index[parent] ?? 0)
        continue
      }
      path.pop()
      const child = path.at(-1)?.node
      if (child !== undefined) low[child] = Math.min(low[child] ?? 0, low[node] ?? 0)
      if (low[node] !== index[node]) continue
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        component[member] = node
        if (member === node) break
      }
    }
  }
  return component
}
