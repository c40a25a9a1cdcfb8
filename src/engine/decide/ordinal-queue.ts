/** Numbers, given back smallest first. Adding and taking cost the logarithm of the length. */
export class OrdinalQueue {
  readonly #heap: number[] = []

  get first(): number | undefined {
    return this.#heap[0]
  }

  push(ordinal: number): void {
    const heap = this.#heap
    let at = heap.push(ordinal) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] ?? 0
      if (above <= ordinal) break
      heap[at] = above
      at = parent
    }
    heap[at] = ordinal
  }

  shift(): number | undefined {
    const heap = this.#heap
    const last = heap.pop()
    const first = heap[0]
    if (last === undefined || first === undefined) return last
    this.#sink(last)
    return first
  }

  #sink(ordinal: number): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const next = right !== undefined && right < left ? 2 * at + 2 : 2 * at + 1
      const below = heap[next] ?? left
      if (below >= ordinal) break
      heap[at] = below
      at = next
    }
    heap[at] = ordinal
  }
}
