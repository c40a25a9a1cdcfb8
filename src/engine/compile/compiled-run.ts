import type { Config } from '../config/config.ts'
import type { SourceContext } from '../config/source-context.ts'
import type { RunTaskId } from '../model/ids.ts'
import type { NewRunConfig } from '../model/run-config.ts'

/** What a run is created from: the request that `RunService.createRun` takes. */
export type CompiledRun = NewRunConfig

/** What all runs of one trigger share. Made by `directRunOrigin`, or by the gateway for projects. */
export interface RunOrigin {
  group: string
  cacheGroup: string
  annotations: Record<string, string>
  staticEnvironment: Record<string, string>
}

export interface Variable {
  value: string
  /** Its value stays out of the run config: only a reference is stored. */
  secret: boolean
}

export interface CompileInput {
  config: Config
  source: SourceContext
  /** `[ci skip]` in it leaves every run out. */
  message: string
  origin: RunOrigin
  variables: ReadonlyMap<string, Variable>
  /** A new id for a task, from the random port; tests derive it from the name. */
  newTaskId: (taskName: string) => RunTaskId
}

export interface CompiledRuns {
  /** In the order of the config. */
  runs: CompiledRun[]
  /** Runs of the config that were left out. */
  skipped: { name: string; reason: 'ci_skip' | 'when' }[]
  /** Each undefined variable once, with the places that wanted it. Its value is the empty string. */
  undefinedVariables: UndefinedVariable[]
}

export interface UndefinedVariable {
  name: string
  /** `task "build" of run "ci"`, each task once. */
  usedBy: string[]
}

/** Which tasks of compiled runs to keep. Empty lists keep everything. */
export interface TaskSelection {
  runs: readonly string[]
  tasks: readonly string[]
  /** Leave out the tasks that the named ones depend on. */
  only: boolean
}
