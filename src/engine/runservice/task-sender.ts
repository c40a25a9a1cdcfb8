import { isAlive, loadOf, needOf, suits } from '../decide/choose-executor.ts'
import { newExecutorTask } from '../decide/executor-task-status.ts'
import { RunDraft } from '../decide/run-draft.ts'
import { AgolaError, messageOf } from '../model/errors.ts'
import type { Executor } from '../model/executor.ts'
import type { ExecutorTask, ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, RunId, RunTaskId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Secrets } from '../ports/secrets.ts'
import type { ExecutorClients } from './executor-clients.ts'
import type { ExecutorRegistry } from './executor-registry.ts'
import { executorTaskSpec } from './executor-task-spec.ts'
import { executorTaskIdOf, type StoredRun } from './run-store.ts'

export interface TaskSenderOptions {
  registry: ExecutorRegistry
  executors: ExecutorClients
  secrets: Secrets
  clock: Clock
  log: Log
  labels: (run: Run, config: RunConfig) => Record<string, string>
}

/** Pods made ahead on an executor without a limit. */
const preparedTasksMaxDefault = 4

/** Hands executor tasks to their executors, and lets them prepare those that are likely to come. */
export class TaskSender {
  readonly #options: TaskSenderOptions
  readonly #prepared = new Map<ExecutorTaskId, ExecutorTask>()
  /** Prepared tasks whose executor could not be told that they will not come. */
  readonly #unheard = new Map<ExecutorTaskId, ExecutorTask>()

  constructor(options: TaskSenderOptions) {
    this.#options = options
  }

  /** Does not fail: what could not be sent is found by the executor when it asks for its tasks, and sent again in the next round. */
  async send(stored: StoredRun, task: ExecutorTask): Promise<void> {
    const executor = this.#options.registry.get(task.executorId)
    const client = executor && this.#options.executors.clientFor(executor)
    const prepared = this.#prepared.get(task.id)
    this.#prepared.delete(task.id)
    try {
      if (prepared !== undefined && prepared.executorId !== task.executorId) await this.#discard(prepared)
      await client?.submit(this.withSpec(stored, task))
    } catch (error) {
      this.#options.log.warn('an executor task could not be sent', { task: task.id, error: messageOf(error) })
    }
  }

  withSpec({ state: { run, config } }: StoredRun, task: ExecutorTask): ExecutorTaskWithSpec {
    const secrets = this.#options.secrets.forRun(run.id)
    const labels = this.#options.labels(run, config)
    const spec = executorTaskSpec({ run, config, taskId: task.runTaskId, secrets, labels })
    if (spec === undefined) throw new AgolaError('assertionFailed', `run ${run.id} has no task ${task.runTaskId}`)
    return { ...task, spec }
  }

  /** Lets executors make pods for tasks that may start next, as many as they could run at the same time. */
  prepareNext(stored: StoredRun): void {
    const draft = new RunDraft(stored.state)
    for (let free = this.#withRoom(); free.length > 0; free = this.#withRoom()) {
      const taskId = draft.nextToPrepare()
      if (taskId === undefined) return
      const config = stored.state.config.tasks[taskId]
      const executor = config && free.find((candidate) => suits(candidate, needOf(config)))
      if (executor !== undefined) void this.#prepare(stored, taskId, executor)
    }
  }

  /** Of the tasks of a run, those that will not come after all. */
  discardUnneeded(runId: RunId, isNeeded: (taskId: RunTaskId) => boolean): void {
    for (const task of [...this.#prepared.values()]) {
      if (task.runId !== runId || isNeeded(task.runTaskId)) continue
      this.#prepared.delete(task.id)
      void this.#discard(task)
    }
  }

  async #prepare(stored: StoredRun, taskId: RunTaskId, executor: Executor): Promise<void> {
    const { run } = stored.state
    const runTask = run.tasks[taskId]
    if (runTask === undefined) return
    const task = newExecutorTask(executorTaskIdOf(run.id, taskId), executor.id, run.id, runTask)
    this.#prepared.set(task.id, task)
    try {
      await this.#options.executors.clientFor(executor)?.prepare(this.withSpec(stored, task))
    } catch (error) {
      this.#options.log.debug('an executor task could not be prepared', { task: task.id, error: messageOf(error) })
    }
  }

  /** Tells once more what was not heard. */
  discardAgain(): void {
    for (const task of [...this.#unheard.values()]) {
      this.#unheard.delete(task.id)
      void this.#discard(task)
    }
  }

  async #discard(task: ExecutorTask): Promise<void> {
    const executor = this.#options.registry.get(task.executorId)
    try {
      await (executor && this.#options.executors.clientFor(executor))?.discard(task.id)
    } catch (error) {
      this.#unheard.set(task.id, task)
      this.#options.log.debug('a prepared task could not be discarded', { task: task.id, error: messageOf(error) })
    }
  }

  /** Executors that may prepare one more, the least busy first. */
  #withRoom(): Executor[] {
    const { registry, executors, clock } = this.#options
    const counts = new Map<ExecutorId, number>()
    for (const { executorId } of this.#prepared.values()) counts.set(executorId, (counts.get(executorId) ?? 0) + 1)
    const load = (executor: Executor) => loadOf(executor, registry.assigned(executor.id))
    return registry.executors
      .filter((executor) => isAlive(executor, clock.now()) && executors.clientFor(executor) !== null)
      .filter((executor) => (counts.get(executor.id) ?? 0) < (executor.activeTasksLimit || preparedTasksMaxDefault))
      .sort((a, b) => load(a) - load(b))
  }
}
