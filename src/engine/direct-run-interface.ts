import type { CompiledRun, CompiledRuns } from './compile/compiled-run.ts'
import type { DriverRequest } from './embedded-driver.ts'
import type { RunActivity } from './model/activity.ts'
import type { Pauses } from './ports/pauses.ts'
import type { PullPolicy } from './ports/pod-driver.ts'
import type { Runs } from './ports/runs.ts'
import type { RefOptions } from './snapshot/ref-facts.ts'

export type { CompiledRun }

/** How to run, and with which variables. */
export interface ExecutionRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  variables: {
    variables: readonly string[]
    variableFiles: readonly string[]
    secrets: readonly string[]
    secretFiles: readonly string[]
    /** Asks without showing what is typed; null: nobody is there to ask. */
    askHidden: ((name: string) => Promise<string>) | null
  }
  engine: {
    driver: DriverRequest
    /** undefined: half the processors, at least 2. */
    tasksMax: number | undefined
    pull: PullPolicy
    /** undefined: the default one. */
    toolsImage: string | undefined
    allowPrivileged: boolean
    graceMs: number
    /** Failing steps wait for a decision, so long at most; null: they fail at once. */
    pauseExpiryMs: number | null
    /** What becomes of tasks that want other processors than the engine's. */
    archMismatch?: { policy: 'emulate' | 'skip' | 'fail'; onNotice: (text: string) => void }
    /** Lines `::agola-add-mask::VALUE` of a step's output mask values. */
    runtimeMasks?: boolean
    /** Which pods stay after their task, for people to look into. */
    keep?: 'never' | 'failed' | 'always'
    /** Asked when no container engine answers: whether to go on without; null: nobody is there to ask. */
    askForHost: (() => Promise<boolean>) | null
  }
  /** Names of tasks that are approved ahead. */
  approvals: readonly string[]
  /** Recorded with approvals given here. */
  approver: string
  /** Show the engine's own log. */
  debug: boolean
}

/** What to run of the repository around a directory. */
export interface DirectRunRequest extends ExecutionRequest {
  source: { untracked: boolean; ignored: boolean; withoutGit?: boolean; ref: RefOptions }
  selection: { runs: readonly string[]; tasks: readonly string[]; only: boolean }
  variables: ExecutionRequest['variables'] & {
    /** A variable that nobody gave is an error. */
    strict: boolean
    /** Asks for one that nobody gave, by its name and who wants it; null: no answer. Without it, nobody is asked. */
    askUndefined: ((name: string, places: string) => Promise<string | null>) | null
  }
  /** Unknown keys of the config are errors. */
  strict: boolean
  /** Only say what would run: no engine is looked for. */
  plan: boolean
  /** Leaves tasks out of what was selected. */
  choose?: ((compiled: readonly CompiledRun[]) => CompiledRun[]) | undefined
}

export interface RestartRequest extends ExecutionRequest {
  /** undefined: the newest. */
  number: number | undefined
  /** All tasks; else those that did not succeed, and what depends on them. */
  fromStart: boolean
  /** Of `variables`, what was given for this very restart: a default of the user means every run. */
  typedVariables: readonly string[]
}

export interface DirectRunOptions {
  signal?: AbortSignal | undefined
  onNotice: (text: string) => void
  /** What is done before anything runs, for a person who asks. */
  onStage?: ((text: string) => void) | undefined
}

export interface DirectRunFacts {
  repoUuid: string
  commitSha: string
  ref: string
}

/** What one invocation runs, ready to start. */
export interface DirectRun {
  facts: DirectRunFacts
  runs: Runs
  /** Aborted with the error once nothing can be stored any more; the runs cannot end here. */
  broken: AbortSignal
  /** Makes the runs and gives their numbers; they run one after another. */
  start(): Promise<number[]>
  /** Removes all pods at once; the runs end as stopped. */
  kill(): Promise<void>
  /** Paused tasks of what was started here; null before. */
  readonly pauses: Pauses | null
  /** The runs started here that are not over, with what they do now. */
  activity(): Promise<RunActivity[]>
  close(): Promise<void>
}

export interface StartedDirectRun extends DirectRun {
  /** After selection, in the order of the config. */
  compiled: CompiledRun[]
  /** Runs of the config that do not match. */
  skipped: CompiledRuns['skipped']
  /** Runs that were selected, but not chosen. */
  leftOut: number
}
