import type { DependCondition, DockerRegistryAuth, Runtime, Step, Value } from '../model/run-config.ts'

/** A parsed and checked `.agola/config.*` (spec/config.md 6). Defaults of section 10 are filled in; nothing is resolved yet. */
export interface Config {
  runs: ConfigRun[]
  dockerRegistriesAuth: Record<string, DockerRegistryAuth>
  /** null: not given. 0: no timeout. May be a fraction: the unit of the format is the nanosecond. */
  taskTimeoutIntervalMs: number | null
}

export interface ConfigRun {
  name: string
  tasks: ConfigTask[]
  /** null: always. */
  when: When | null
  dockerRegistriesAuth: Record<string, DockerRegistryAuth>
  taskTimeoutIntervalMs: number | null
}

export interface ConfigTask {
  name: string
  runtime: Runtime
  environment: Record<string, Value>
  workingDir: string
  shell: string
  user: string
  steps: Step[]
  depends: ConfigDepend[]
  ignoreFailure: boolean
  approval: boolean
  /** null: always. When it does not match, the task is created as skipped. */
  when: When | null
  dockerRegistriesAuth: Record<string, DockerRegistryAuth>
  taskTimeoutIntervalMs: number | null
}

export interface ConfigDepend {
  /** Name of another task of the same run. */
  task: string
  /** Never empty: no conditions mean `on_success`. */
  conditions: DependCondition[]
}

/** Conditions on the ref of a run (spec/config.md 8). An absent kind is null. */
export interface When {
  branch: WhenConditions | null
  tag: WhenConditions | null
  ref: WhenConditions | null
}

export interface WhenConditions {
  include: WhenCondition[]
  exclude: WhenCondition[]
}

export interface WhenCondition {
  /** simple: equal to `match`. regexp: `match` is found anywhere, RE2 syntax. */
  type: 'simple' | 'regexp'
  match: string
}
