import { AgolaError, hasCode } from '../model/errors.ts'
import type { Run, RunTask, RunTaskStep } from '../model/run.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { StoredContent } from '../ports/executor-client.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { LogRef } from '../ports/run-service.ts'
import type { ExecutorClients } from './executor-clients.ts'
import type { ExecutorRegistry } from './executor-registry.ts'
import { executorTaskIdOf } from './run-store.ts'
import { logKey } from './task-objects.ts'

export interface RunLogsOptions {
  objects: ObjectStorage
  registry: ExecutorRegistry
  executors: ExecutorClients
  /** The run as it is now, active or archived. `runDoesNotExist`. */
  readRun(log: LogRef, options: CallOptions): Promise<Run>
}

/** Logs of tasks, wherever they are: at the executor until they were fetched, in the object storage from then on (spec/runs.md 10.5). */
export class RunLogs {
  readonly #options: RunLogsOptions

  constructor(options: RunLogsOptions) {
    this.#options = options
  }

  async open(log: LogRef, options: CallOptions & { follow?: boolean } = {}): Promise<StoredContent> {
    if (isFetched(await this.#options.readRun(log, options), log)) return await this.#openStored(log, options)
    try {
      return await this.#openLive(log, options)
    } catch (error) {
      // It may have been fetched between the two looks.
      const isGone = hasCode(error, 'logDoesNotExist', 'executorTaskDoesNotExist')
      if (!isGone || !isFetched(await this.#options.readRun(log, options), log)) throw error
      return await this.#openStored(log, options)
    }
  }

  /** `notReady` while it is still at the executor; `logDoesNotExist`. The log phase stays finished: it reads as missing then. */
  async delete(log: LogRef, options: CallOptions = {}): Promise<void> {
    if (!isFetched(await this.#options.readRun(log, options), log)) {
      throw new AgolaError('notReady', `${nameOf(log)} is not stored yet; it can be deleted once its task has ended`)
    }
    const key = logKey(log.taskId, log.step)
    await this.#orMissing(log, this.#options.objects.stat(key, options))
    await this.#options.objects.delete(key, options)
  }

  async #openStored(log: LogRef, options: CallOptions): Promise<StoredContent> {
    const { objects } = this.#options
    const key = logKey(log.taskId, log.step)
    const { sizeBytes } = await this.#orMissing(log, objects.stat(key, options))
    const content = await this.#orMissing(log, objects.get(key, options))
    return { sizeBytes, stream: () => content }
  }

  async #openLive(log: LogRef, options: CallOptions & { follow?: boolean }): Promise<StoredContent> {
    const { registry, executors } = this.#options
    const task = registry.task(executorTaskIdOf(log.runId, log.taskId))
    const executor = task && registry.get(task.executorId)
    if (task === undefined) throw missing(log)
    const client = (executor && executors.clientFor(executor)) ?? executors.filesOf?.(task.executorId)
    if (client === undefined) throw missing(log)
    return await client.openLog({ taskId: task.id, step: log.step }, options)
  }

  async #orMissing<T>(log: LogRef, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw hasCode(error, 'objectDoesNotExist') ? missing(log) : error
    }
  }
}

function isFetched(run: Run, log: LogRef): boolean {
  return stepOf(taskOf(run, log), log).logPhase === 'finished'
}

function taskOf(run: Run, { taskId }: LogRef): RunTask {
  const task = Object.hasOwn(run.tasks, taskId) ? run.tasks[taskId] : undefined
  if (task !== undefined) return task
  throw new AgolaError('runTaskDoesNotExist', `run ${run.counter} has no task ${JSON.stringify(taskId)}`)
}

function stepOf(task: RunTask, { step }: LogRef): RunTaskStep {
  const found = step === null ? task.setupStep : task.steps[step]
  if (found !== undefined) return found
  throw new AgolaError('runTaskStepDoesNotExist', `the task has no step ${step}: it has ${task.steps.length}, from 0`)
}

function missing(log: LogRef): AgolaError {
  return new AgolaError('logDoesNotExist', `${nameOf(log)} does not exist`)
}

function nameOf({ taskId, step }: LogRef): string {
  return step === null ? `the set-up log of task ${taskId}` : `the log of step ${step} of task ${taskId}`
}
