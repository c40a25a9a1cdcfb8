import type { Readable } from 'node:stream'
import type { Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { CallOptions } from './call-options.ts'
import type { RestartRunRequest, RunList, RunQuery, RunWithConfig } from './run-service.ts'

/** What the command line asks, of the embedded engine or of a gateway: it cannot tell which. Runs are named by their number. */
export interface Runs {
  get(number: number, options?: CallOptions): Promise<RunWithConfig>
  /** Newest first. */
  list(query: RunsQuery, options?: CallOptions): Promise<RunList>
  /** The run now and after every change; ends once it has finished and everything it leaves is stored. */
  watch(number: number, options?: CallOptions): AsyncIterable<RunState>
  /** `task` is a name or an id; `step` null is the set-up. With `follow` it waits for the log to begin and to end. */
  openLog(
    log: { number: number; task: string; step: number | null },
    options?: CallOptions & { follow?: boolean },
  ): Promise<Readable>
  stop(number: number, options?: CallOptions): Promise<void>
  /** Keeps the run, with its logs and workspaces, from being cleaned. */
  pin(number: number, options?: CallOptions): Promise<void>
  unpin(number: number, options?: CallOptions): Promise<void>
  approve(number: number, task: string, options?: CallOptions): Promise<void>
  restart(
    number: number,
    request: Pick<RestartRunRequest, 'fromStart' | 'archs'>,
    options?: CallOptions,
  ): Promise<RunWithConfig>
}

export interface RunsQuery extends Pick<RunQuery, 'phases' | 'results' | 'ref'> {
  /** A number: only runs before it, whether there is a run of that number or not. */
  before?: number
  limit: number
}

export interface RunState {
  run: Run
  runConfig: RunConfig
}
