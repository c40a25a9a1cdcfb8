import type { Readable } from 'node:stream'
import type { RunId } from '../model/ids.ts'
import type { CallOptions } from './call-options.ts'

/** Where a clone step gets the tree from (spec/local-runs.md 5). */
export interface SourceProvider {
  /** A tar of the checkout with a working `.git`, names relative to the working directory. */
  openSource(request: SourceRequest, options?: CallOptions): Promise<Source>
}

export interface SourceRequest {
  runId: RunId
  /** 0: whole history. */
  depth: number
  recurseSubmodules: boolean
}

export interface Source {
  /** null when it is not known before the end. */
  sizeBytes: number | null
  commitSha: string
  stream(): Readable
}

/** What changes a checkout from one tree to another. Paths are byte strings (one character a byte) without a leading slash. */
export interface TreeChange {
  added: number
  changed: number
  deleted: number
  /** Files that go away or make place for what `stream` has. */
  replacedPaths: string[]
  /** Directories that files went away from, the deepest first: they go too when nothing else is in them. */
  emptiedDirectories: string[]
  /** A tar of what is added or changed. Call at most once. */
  stream(): Readable
  close(): Promise<void>
}
