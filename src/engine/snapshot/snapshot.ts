import type { CallOptions } from '../ports/call-options.ts'
import type { Git } from './git.ts'
import { measureTree, type TreeSize } from './measure-tree.ts'
import { ObjectReader } from './object-reader.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { storeAt } from './snapshot-store.ts'

/** A work tree at one moment. Nothing that happens in the work tree later changes it. */
export interface Snapshot extends SnapshotFacts {
  /** A file by its path from the top of the work tree; null when the snapshot has none. Links inside the tree are followed. */
  readFile(path: string): Promise<Buffer | null>
  /** Asked once, then remembered. */
  measure(options?: CallOptions): Promise<TreeSize>
  /** Ends the process that reads. */
  close(): void
}

export function createSnapshot(git: Git, stateDirectory: string, facts: SnapshotFacts): Snapshot {
  const store = storeAt(stateDirectory, facts.workTree.storeId)
  const reader = new ObjectReader(git, facts.topDirectory, store.objects)
  const place = { cwd: facts.topDirectory, objects: store.objects }
  let size: Promise<TreeSize> | undefined
  return {
    ...facts,
    readFile: (path) => reader.readFile(facts.treeSha, path),
    measure: (options) => {
      size ??= measureTree(git, place, facts.treeSha, options)
      return size
    },
    close: () => reader.close(),
  }
}
