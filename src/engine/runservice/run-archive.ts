import type { RunConfigId, RunId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare } from '../ports/key-value-store.ts'
import type { RunList, RunQuery } from '../ports/run-service.ts'
import type { LoopService } from '../std/run-loop.ts'

/** Where what no longer changes lives: run configs, and runs once they are archived, with an index to list them by. All writes may
 *  be repeated; reads see every write that has resolved before. */
export interface RunArchive {
  /** What it has to do from time to time; run by the run service. */
  readonly maintenance?: LoopService
  /** Makes safe what this process wrote last, and leaves the maintenance to other processes. */
  close?(): Promise<void>
  putRunConfig(config: RunConfig, options?: CallOptions): Promise<void>
  /** null when there is none. */
  getRunConfig(id: RunConfigId, options?: CallOptions): Promise<RunConfig | null>
  putRun(run: Run, options?: CallOptions): Promise<void>
  getRun(id: RunId, options?: CallOptions): Promise<Run | null>
  /** `root` is the second element of the run's group, within which runs are numbered. */
  findRun(root: string, counter: number, options?: CallOptions): Promise<RunId | null>
  /** From the index, without loading runs; `limit` absent: all. */
  listRuns(query: RunQuery, options?: CallOptions): Promise<RunList>
  /** Removes a run with its run config, which no other run has. What it left in the object storage is the caller's affair.
   *  `concurrentUpdate` when one of the conditions on the key-value store fails. */
  deleteRun(run: Pick<Run, 'id' | 'runConfigId'>, options?: CallOptions & { compare?: Compare[] }): Promise<void>
}
