/** What cleaning removes. */
export type CleanKind =
  | 'pods'
  | 'process data'
  | 'runs'
  | 'logs'
  | 'workspaces'
  | 'snapshots'
  | 'temporary files'
  | 'caches'
  | 'tools'
  | 'git refs'

export interface CleanedKind {
  kind: CleanKind
  count: number
  /** null: nobody can tell. */
  sizeBytes: number | null
}

/** What was removed, or would be, and what could not be looked at. */
export class CleanReport {
  readonly notes: string[] = []
  readonly #kinds = new Map<CleanKind, CleanedKind>()

  add(kind: CleanKind, count: number, sizeBytes: number | null): void {
    const known = this.#kinds.get(kind) ?? { kind, count: 0, sizeBytes: 0 }
    const sum = known.sizeBytes === null || sizeBytes === null ? null : known.sizeBytes + sizeBytes
    if (count > 0) this.#kinds.set(kind, { kind, count: known.count + count, sizeBytes: sum })
  }

  note(text: string): void {
    this.notes.push(text)
  }

  get kinds(): CleanedKind[] {
    return [...this.#kinds.values()]
  }
}
