import type { Config, ConfigRun, ConfigTask } from '../config/config.ts'
import type { RunTaskId } from '../model/ids.ts'
import type { DockerRegistryAuth, RunConfigTask, Step } from '../model/run-config.ts'
import type { ValueResolver } from './resolve-values.ts'
import { placeOfTask } from './undefined-variables.ts'

const defaultShell = '/bin/sh -e'

export interface CompileTaskInput {
  config: Config
  run: ConfigRun
  task: ConfigTask
  id: RunTaskId
  /** Its `when` does not match. */
  skip: boolean
  resolver: ValueResolver
}

/** One task with its values resolved, without dependencies and level, which need the ids of all tasks (spec/runconfig.md 7). */
export function compileTask({ config, run, task, id, skip, resolver }: CompileTaskInput): RunConfigTask {
  const usedBy = placeOfTask(run, task)
  return {
    id,
    name: task.name,
    level: 0,
    depends: {},
    runtime: {
      ...task.runtime,
      containers: task.runtime.containers.map((container) => ({
        ...container,
        environment: resolver.environment(container.environment, usedBy),
        volumes: container.volumes.map((volume) => ({ ...volume })),
      })),
    },
    environment: resolver.environment(task.environment, usedBy),
    workingDir: task.workingDir,
    shell: task.shell === '' ? defaultShell : task.shell,
    user: task.user,
    steps: task.steps.map((step) => compileStep(step, resolver, usedBy)),
    ignoreFailure: task.ignoreFailure,
    needsApproval: task.approval,
    skip,
    dockerRegistriesAuth: registriesAuth([config, run, task], resolver, usedBy),
    taskTimeoutIntervalMs: task.taskTimeoutIntervalMs ?? run.taskTimeoutIntervalMs ?? config.taskTimeoutIntervalMs ?? 0,
  }
}

// A copy throughout: the runs that are made of one config must not share what they may change.
function compileStep(step: Step, resolver: ValueResolver, usedBy: string): Step {
  switch (step.type) {
    case 'run':
      return { ...step, environment: resolver.environment(step.environment, usedBy) }
    case 'clone':
      return { ...step }
    case 'save_to_workspace':
    case 'save_cache':
      return { ...step, contents: step.contents.map((content) => ({ ...content, paths: [...content.paths] })) }
    case 'restore_cache':
      return { ...step, keys: [...step.keys] }
    case 'restore_workspace':
      return { ...step }
  }
}

/** Later layers replace whole entries of earlier ones; registries are compared literally (spec/runconfig.md 10). */
function registriesAuth(
  layers: readonly { dockerRegistriesAuth: Record<string, DockerRegistryAuth> }[],
  resolver: ValueResolver,
  usedBy: string,
): Record<string, DockerRegistryAuth> {
  const merged = new Map(layers.flatMap((layer) => Object.entries(layer.dockerRegistriesAuth)))
  return Object.fromEntries([...merged].map(([registry, auth]) => [registry, resolver.registryAuth(auth, usedBy)]))
}
