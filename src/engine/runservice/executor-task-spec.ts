import { ancestors, graphOf } from '../decide/run-graph.ts'
import type {
  ExecutorRegistryAuth,
  ExecutorStep,
  ExecutorTaskSpec,
  WorkspaceOperation,
} from '../model/executor-task.ts'
import type { RunTaskId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { DockerRegistryAuth, RunConfig, RunConfigTask, Step, Value } from '../model/run-config.ts'
import { rootOf } from './run-group.ts'

/** Static environment that holds a secret, though it does not come from one (spec/local-runs.md 7.3). */
const secretStaticNames = ['AGOLA_SSHPRIVKEY']

export interface SpecInput {
  run: Run
  config: RunConfig
  taskId: RunTaskId
  /** Secrets by variable name. */
  secrets: ReadonlyMap<string, string>
  labels: Record<string, string>
}

/** What an executor needs to run a task, with all values resolved: built anew each time, never stored (spec/runconfig.md 17).
 *  undefined when the run has no such task. */
export function executorTaskSpec({ run, config, taskId, secrets, labels }: SpecInput): ExecutorTaskSpec | undefined {
  const task = config.tasks[taskId]
  if (task === undefined) return undefined
  const text = (value: Value) => (typeof value === 'string' ? value : (secrets.get(value.fromVariable) ?? ''))
  const auths = mapValues(task.dockerRegistriesAuth, (auth) => resolvedAuth(auth, text))
  return {
    taskName: task.name,
    arch: task.runtime.arch,
    containers: task.runtime.containers.map((container) => ({
      ...container,
      environment: mapValues(container.environment, text),
    })),
    environment: {
      ...mapValues(task.environment, text),
      ...config.staticEnvironment,
      ...config.environment,
      AGOLA_RUN_COUNTER: String(run.counter),
    },
    workingDir: task.workingDir,
    shell: task.shell,
    user: task.user,
    workspaceOperations: workspaceOperations(run, config, task),
    dockerRegistriesAuth: auths,
    cachePrefix: config.cacheGroup || rootOf(config.group),
    steps: task.steps.map((step) => resolvedStep(step, text)),
    taskTimeoutIntervalMs: task.taskTimeoutIntervalMs,
    secretValues: secretValues(config, secrets, Object.values(auths)),
    labels,
  }
}

/** All archives that ancestors were to make. That of a step that did not succeed is not there: the log of the restore says so
 *  (design/decisions.md 13). */
function workspaceOperations(run: Run, config: RunConfig, task: RunConfigTask): WorkspaceOperation[] {
  if (!task.steps.some((step) => step.type === 'restore_workspace')) return []
  return ancestors(graphOf(config), task.id).flatMap((taskId) => {
    const taskName = config.tasks[taskId]?.name ?? taskId
    return (run.tasks[taskId]?.workspaceArchives ?? []).map((step) => ({ taskId, taskName, step }))
  })
}

function resolvedStep(step: Step, text: (value: Value) => string): ExecutorStep {
  return step.type === 'run' ? { ...step, environment: mapValues(step.environment, text) } : step
}

function resolvedAuth(auth: DockerRegistryAuth, text: (value: Value) => string): ExecutorRegistryAuth {
  return { type: auth.type, username: text(auth.username), password: text(auth.password), auth: text(auth.auth) }
}

function secretValues(
  config: RunConfig,
  secrets: ReadonlyMap<string, string>,
  auths: readonly ExecutorRegistryAuth[],
): string[] {
  const values = [
    ...secrets.values(),
    ...secretStaticNames.map((name) => config.staticEnvironment[name] ?? ''),
    ...auths.flatMap((auth) => [auth.password, auth.auth, basicAuth(auth)]),
  ]
  return [...new Set(values.filter((value) => value.trim() !== ''))]
}

/** As it travels to a registry. */
function basicAuth({ username, password }: ExecutorRegistryAuth): string {
  return password === '' ? '' : Buffer.from(`${username}:${password}`).toString('base64')
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
