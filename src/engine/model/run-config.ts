import type { RunConfigId, RunTaskId, TimeMs } from './ids.ts'

/** What `.agola` says for one run, compiled: immutable after creation and without any state (spec/runconfig.md 16). */
export interface RunConfig {
  id: RunConfigId
  name: string
  /** Absolute path of alternating type and name, `/user/<id>/branch/<escaped branch>` (spec/runconfig.md 4). */
  group: string
  /** Why this run can never start; empty for a run that can. */
  setupErrors: string[]
  annotations: Record<string, string>
  /** Values that stay when the run is created again (spec/config.md 12). */
  staticEnvironment: Record<string, string>
  /** Values that may change whenever the run is created again. */
  environment: Record<string, string>
  /** Tasks by id; insertion order is the order of the config file. */
  tasks: Record<RunTaskId, RunConfigTask>
  /** Runs that share it share caches: `<user id>-<repo uuid>` for direct runs; empty: the second element of `group`. */
  cacheGroup: string
  creationTime: TimeMs
}

/** What a run is created from: all of its run config that creation does not add. */
export type NewRunConfig = Omit<RunConfig, 'id' | 'creationTime'>

export interface RunConfigTask {
  id: RunTaskId
  name: string
  /** 0 for tasks without parents, else 1 + the highest level of a parent. */
  level: number
  depends: Record<RunTaskId, RunConfigTaskDepend>
  runtime: Runtime
  environment: Record<string, Value>
  workingDir: string
  /** Split at single spaces; the path of the script is appended. */
  shell: string
  user: string
  steps: Step[]
  ignoreFailure: boolean
  needsApproval: boolean
  /** Its `when` did not match: the run task starts as `skipped`. */
  skip: boolean
  dockerRegistriesAuth: Record<string, DockerRegistryAuth>
  /** 0: no timeout. Nanoseconds only on the wire. */
  taskTimeoutIntervalMs: number
}

export type DependCondition = 'on_success' | 'on_failure' | 'on_skipped'

export interface RunConfigTaskDepend {
  taskId: RunTaskId
  /** Never empty: no conditions in the config mean `on_success`. */
  conditions: DependCondition[]
}

/** A literal, or a reference to a secret whose value is never stored: it is looked up when the executor task is built. */
export type Value = string | { fromVariable: string }

export type Arch = '386' | 'amd64' | 'arm' | 'arm64'

export interface Runtime {
  type: 'pod'
  /** '' : any. */
  arch: Arch | ''
  /** The first is the main one, where steps run; the others are services that share its network. */
  containers: Container[]
}

export interface Container {
  image: string
  environment: Record<string, Value>
  user: string
  privileged: boolean
  /** Split at single spaces; '' keeps the default. */
  entrypoint: string
  volumes: Volume[]
}

export interface Volume {
  path: string
  /** 0: no limit. */
  tmpfsSizeBytes: number
}

export interface DockerRegistryAuth {
  type: 'basic' | 'encodedauth'
  username: Value
  password: Value
  /** base64 of `user:password`, for `encodedauth`. */
  auth: Value
}

export type Step = RunStep | CloneStep | SaveToWorkspaceStep | RestoreWorkspaceStep | SaveCacheStep | RestoreCacheStep

export interface RunStep {
  type: 'run'
  name: string
  command: string
  environment: Record<string, Value>
  /** '' : the task's. */
  workingDir: string
  /** '' : the task's. */
  shell: string
  tty: boolean
}

/** A typed step: locally it copies the snapshot; for a remote executor it is lowered to a `run` step (spec/runconfig.md 8). */
export interface CloneStep {
  type: 'clone'
  name: string
  /** 0: whole history. */
  depth: number
  recurseSubmodules: boolean
}

export interface SaveToWorkspaceStep {
  type: 'save_to_workspace'
  name: string
  contents: ArchiveContent[]
}

export interface RestoreWorkspaceStep {
  type: 'restore_workspace'
  name: string
  destDir: string
}

export interface SaveCacheStep {
  type: 'save_cache'
  name: string
  key: string
  contents: ArchiveContent[]
}

export interface RestoreCacheStep {
  type: 'restore_cache'
  name: string
  keys: string[]
  destDir: string
}

export interface ArchiveContent {
  sourceDir: string
  destDir: string
  /** doublestar patterns relative to `sourceDir` (spec/executor.md 11.2). */
  paths: string[]
}
