import { withLevels } from '../../src/engine/decide/check-graph.ts'
import { newRun } from '../../src/engine/decide/new-run.ts'
import type { Run } from '../../src/engine/model/run.ts'
import type { RunConfig, RunConfigTask, RunConfigTaskDepend, Step } from '../../src/engine/model/run-config.ts'

/** A task for a test: its id is its name, and its parents are named. Anything else may be given. */
export type TaskSketch = Partial<Omit<RunConfigTask, 'depends'>> & {
  name: string
  depends?: string[] | Record<string, RunConfigTaskDepend['conditions']>
}

export function aTask(sketch: TaskSketch): RunConfigTask {
  const { depends = [], ...given } = sketch
  const conditions = Array.isArray(depends)
    ? Object.fromEntries(depends.map((parent) => [parent, ['on_success' as const]]))
    : depends
  return {
    id: sketch.name,
    level: 0,
    depends: Object.fromEntries(
      Object.entries(conditions).map(([taskId, wanted]) => [taskId, { taskId, conditions: wanted }]),
    ),
    runtime: { type: 'pod', arch: '', containers: [aContainer()] },
    environment: {},
    workingDir: '~/project',
    shell: '/bin/sh -e',
    user: '',
    steps: [],
    ignoreFailure: false,
    needsApproval: false,
    skip: false,
    dockerRegistriesAuth: {},
    taskTimeoutIntervalMs: 0,
    ...given,
  }
}

export function aContainer(given: Partial<RunConfigTask['runtime']['containers'][number]> = {}) {
  return { image: 'busybox', environment: {}, user: '', privileged: false, entrypoint: '', volumes: [], ...given }
}

export function aRunStep(name = 'work', command = 'true'): Step {
  return { type: 'run', name, command, environment: {}, workingDir: '', shell: '', tty: false }
}

export const aSaveStep: Step = {
  type: 'save_to_workspace',
  name: 'save',
  contents: [{ sourceDir: '', destDir: '', paths: ['**'] }],
}

export const aRestoreStep: Step = { type: 'restore_workspace', name: 'restore', destDir: '.' }

/** Tasks by id, with their levels. */
export function tasksOf(sketches: TaskSketch[]): Record<string, RunConfigTask> {
  return withLevels(Object.fromEntries(sketches.map((sketch) => [sketch.name, aTask(sketch)])))
}

export function aRunConfig(sketches: TaskSketch[], given: Partial<RunConfig> = {}): RunConfig {
  return {
    id: 'config-1',
    name: 'run',
    group: '/user/u1/branch/master',
    setupErrors: [],
    annotations: {},
    staticEnvironment: {},
    environment: {},
    tasks: tasksOf(sketches),
    cacheGroup: '',
    creationTime: 0,
    ...given,
  }
}

/** A run of the config that was started at time 0. */
export function aRunningRun(config: RunConfig): Run {
  const ids = { runId: 'run-1', runConfigId: config.id, counter: 1, sequence: 1 }
  return { ...newRun(config, ids, 0), phase: 'running', startTime: 0 }
}
