import type { ArchiveContent, DockerRegistryAuth, Runtime, Step, Value } from '../model/run-config.ts'
import type { Config, ConfigRun, ConfigTask, When, WhenCondition, WhenConditions } from './config.ts'
import { formatDuration } from './duration.ts'

type Rendered = string | number | boolean | null | Rendered[] | { [key: string]: Rendered }
type Fields = { [key: string]: Rendered }

/** A config as a document of the format again, in long forms and with defaults filled in. Parsing it gives the same config. */
export function renderConfig(config: Config): Fields {
  return {
    runs: config.runs.map(renderRun),
    ...renderShared(config),
  }
}

function renderRun(run: ConfigRun): Fields {
  return { name: run.name, ...renderWhen(run.when), ...renderShared(run), tasks: run.tasks.map(renderTask) }
}

function renderTask(task: ConfigTask): Fields {
  return {
    name: task.name,
    ...renderWhen(task.when),
    runtime: renderRuntime(task.runtime),
    environment: renderValues(task.environment),
    working_dir: task.workingDir,
    ...given({ shell: task.shell, user: task.user }),
    ...renderShared(task),
    ignore_failure: task.ignoreFailure,
    approval: task.approval,
    depends: task.depends.map(({ task, conditions }) => ({ task, conditions: [...conditions] })),
    steps: task.steps.map(renderStep),
  }
}

function renderShared(at: Pick<Config, 'dockerRegistriesAuth' | 'taskTimeoutIntervalMs'>): Fields {
  const auth = Object.entries(at.dockerRegistriesAuth)
  const timeout = at.taskTimeoutIntervalMs
  return {
    ...(timeout === null ? {} : { task_timeout_interval: formatDuration(timeout) }),
    ...(auth.length === 0
      ? {}
      : { docker_registries_auth: Object.fromEntries(auth.map(([registry, entry]) => [registry, renderAuth(entry)])) }),
  }
}

function renderAuth(auth: DockerRegistryAuth): Fields {
  const values = Object.entries({ username: auth.username, password: auth.password, auth: auth.auth })
  return { type: auth.type, ...renderValues(Object.fromEntries(values.filter(([, value]) => value !== ''))) }
}

function renderRuntime(runtime: Runtime): Fields {
  return {
    type: runtime.type,
    ...given({ arch: runtime.arch }),
    containers: runtime.containers.map((container) => ({
      image: container.image,
      environment: renderValues(container.environment),
      ...given({ user: container.user, entrypoint: container.entrypoint }),
      privileged: container.privileged,
      volumes: container.volumes.map(({ path, tmpfsSizeBytes }) => {
        return { path, tmpfs: tmpfsSizeBytes === 0 ? {} : { size: tmpfsSizeBytes } }
      }),
    })),
  }
}

function renderStep(step: Step): Fields {
  const head = { type: step.type, ...given({ name: step.name }) }
  switch (step.type) {
    case 'run':
      return {
        ...head,
        command: step.command,
        environment: renderValues(step.environment),
        ...given({ working_dir: step.workingDir, shell: step.shell }),
        tty: step.tty,
      }
    case 'clone':
      return {
        ...head,
        ...(step.depth === 0 ? {} : { depth: step.depth }),
        recurse_submodules: step.recurseSubmodules,
      }
    case 'save_to_workspace':
      return { ...head, contents: step.contents.map(renderContent) }
    case 'restore_workspace':
      return { ...head, dest_dir: step.destDir }
    case 'save_cache':
      return { ...head, key: step.key, contents: step.contents.map(renderContent) }
    case 'restore_cache':
      return { ...head, keys: [...step.keys], dest_dir: step.destDir }
  }
}

function renderContent({ sourceDir, destDir, paths }: ArchiveContent): Fields {
  return { source_dir: sourceDir, dest_dir: destDir, paths: [...paths] }
}

function renderWhen(when: When | null): Fields {
  if (when === null) return {}
  const kinds = Object.entries({ branch: when.branch, tag: when.tag, ref: when.ref })
  const present = kinds.flatMap(([kind, conditions]) =>
    conditions === null ? [] : [[kind, renderConditions(conditions)]],
  )
  return { when: Object.fromEntries(present) }
}

function renderConditions({ include, exclude }: WhenConditions): Fields {
  return { include: include.map(renderCondition), exclude: exclude.map(renderCondition) }
}

// Any text may stand between the delimiters, the delimiter too.
function renderCondition({ type, match }: WhenCondition): string {
  return type === 'regexp' ? `#${match}#` : match
}

function renderValues(values: Readonly<Record<string, Value>>): Fields {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : { from_variable: value.fromVariable },
    ]),
  )
}

/** Texts that are not empty. */
function given(texts: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
}
