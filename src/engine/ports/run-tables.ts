import type { RunId } from '../model/ids.ts'
import type { CallOptions } from './call-options.ts'
import type { RunList, RunQuery, RunSummary } from './run-service.ts'

/** Runs in a database of this process, for lists: a copy of what the stores hold and never the truth (spec/storage.md 9.4). Whatever fails
 *  here, `storeUnusable`, or is in doubt, is a reason to make a new table. Tables belong to one process. */
export interface RunTables {
  /** The table that was published last, as it was left; null when there is none that can be used. Removes all else. */
  open(): Promise<RunTable | null>
  /** A new and empty one, which is given by `open` only once it is published. Removes all others. */
  create(): Promise<RunTable>
  /** Removes all of them, with everything that belongs to them. None may be open. */
  clear(): Promise<void>
}

export interface RunTable {
  /** What was stored last; null in a new one. */
  readonly position: RunTablePosition | null
  /** All changes in their order, and where the copy then stands: in one transaction. Making the same changes again changes nothing. */
  change(changes: readonly RunTableChange[], position: RunTablePosition): Promise<void>
  /** From here on it survives the process. */
  publish(): Promise<void>
  /** Everything that `work` reads is of one moment, however long it takes. The signal is given here, once: its abort ends the work at the
   *  next thing that it reads. */
  read<T>(work: (reader: RunReader) => Promise<T>, options?: CallOptions): Promise<T>
  /** Waits for those who read. */
  close(): Promise<void>
}

export interface RunReader {
  list(query: RunQuery): Promise<RunList>
}

/** Runs that are active and those in the archive are kept apart: a run that is both is listed once, as the active one. */
export type RunTablePart = 'active' | 'archive'

export type RunTableChange =
  | { type: 'put'; part: RunTablePart; run: RunSummary }
  | { type: 'delete'; part: RunTablePart; id: RunId }

/** Which moment of which stores the table shows. */
export interface RunTablePosition {
  storeId: string
  /** Of the key-value store: everything up to it is in the table. */
  revision: bigint
  /** Of the data manager: the history that the data is of, and its last wal. */
  generation: string
  lastWal: string
}
