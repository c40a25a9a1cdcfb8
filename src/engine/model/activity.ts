import type { RunId, RunTaskId } from './ids.ts'
import type { Run } from './run.ts'
import type { RunConfig } from './run-config.ts'

/** Where the executor of this process has a task that is not over. */
export interface TaskPlace {
  runId: RunId
  runTaskId: RunTaskId
  /** All places are taken: it starts when one is free. */
  isWaiting: boolean
  /** What its set-up said last, while that goes on; masked. */
  setUpMessage: string
  /** What a person types to look into its pod; null while there is none. */
  entrance: string | null
}

/** A run of this process that is not over. */
export interface RunActivity {
  run: Run
  runConfig: RunConfig
  places: TaskPlace[]
}
