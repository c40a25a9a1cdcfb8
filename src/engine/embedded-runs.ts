import type { Readable } from 'node:stream'
import { AgolaError, hasCode } from './model/errors.ts'
import type { RunId } from './model/ids.ts'
import { isExecutionFinished, isTaskFinished, type Run } from './model/run.ts'
import type { RunConfig } from './model/run-config.ts'
import type { CallOptions } from './ports/call-options.ts'
import type {
  LogRef,
  RestartRunRequest,
  RunList,
  RunQuery,
  RunService,
  RunSummary,
  RunWithConfig,
} from './ports/run-service.ts'
import type { RunState, Runs, RunsQuery } from './ports/runs.ts'

export interface EmbeddedRunsOptions {
  runService: RunService
  /** Root group of the runs that are meant, `/user/<id>`. */
  group: string
  /** Recorded when somebody approves here: `local:<user>@<host>`. */
  approver: string
}

/** How many runs are read at a time when there is no telling where to begin. */
const pageRunsMax = 1000

/** The runs of one repository on this machine, as the command line sees them. */
export class EmbeddedRuns implements Runs {
  readonly #runService: RunService
  readonly #group: string
  readonly #approver: string
  /** Of the run whose log was opened last: a follower opens all logs of one run. */
  #known: { number: number; id: RunId; runConfig: RunConfig } | null = null

  constructor({ runService, group, approver }: EmbeddedRunsOptions) {
    this.#runService = runService
    this.#group = group
    this.#approver = approver
  }

  async get(number: number, options?: CallOptions): Promise<RunWithConfig> {
    try {
      return await this.#runService.getRunByNumber(this.#group, number, options)
    } catch (error) {
      if (!hasCode(error, 'runDoesNotExist')) throw error
      throw new AgolaError(
        'runDoesNotExist',
        `this repository has no run ${number}; agola directrun list shows those there are`,
        { cause: error },
      )
    }
  }

  async list({ before, ...rest }: RunsQuery, options?: CallOptions): Promise<RunList> {
    const query = { ...rest, groups: [this.#group] }
    if (before === undefined) return await this.#runService.listRuns(query, options)
    const after = await this.#sequenceOf(before, options)
    if (after !== null) return await this.#runService.listRuns({ ...query, after }, options)
    return await this.#listBefore(before, query, options)
  }

  /** null: there is no such run, or not any more. */
  async #sequenceOf(number: number, options?: CallOptions): Promise<number | null> {
    try {
      return (await this.#runService.getRunByNumber(this.#group, number, options)).run.sequence
    } catch (error) {
      if (hasCode(error, 'runDoesNotExist')) return null
      throw error
    }
  }

  /** Only the run of that number could tell where to begin, so all are looked through that are newer. */
  async #listBefore(number: number, query: RunQuery & { limit: number }, options?: CallOptions): Promise<RunList> {
    const found: RunSummary[] = []
    for (let after: number | undefined; ; ) {
      const page = { ...query, limit: pageRunsMax, ...(after !== undefined && { after }) }
      const { runs, more } = await this.#runService.listRuns(page, options)
      found.push(...runs.filter(({ counter }) => counter < number))
      after = runs.at(-1)?.sequence
      if (found.length > query.limit || !more || after === undefined)
        return { runs: found.slice(0, query.limit), more: found.length > query.limit }
    }
  }

  async *watch(number: number, options?: CallOptions): AsyncGenerator<RunState> {
    const { run, runConfig } = await this.get(number, options)
    for await (const state of this.#runService.watchRun(run.id, options)) yield { run: state, runConfig }
  }

  async openLog(
    log: { number: number; task: string; step: number | null },
    options: CallOptions & { follow?: boolean } = {},
  ): Promise<Readable> {
    const { id: runId, runConfig } = await this.#knownRun(log.number, options)
    const ref: LogRef = { runId, taskId: taskOf(runConfig, log.task).id, step: log.step }
    if (options.follow !== true) return (await this.#runService.openLog(ref, options)).stream()
    // The log comes into being with the step: after each change of the run it is looked for again, once more after the step has ended.
    for await (const state of this.#runService.watchRun(runId, options)) {
      const stage = stageOf(state, ref)
      if (stage === 'before') continue
      try {
        return (await this.#runService.openLog(ref, options)).stream()
      } catch (error) {
        if (stage === 'after' || !hasCode(error, 'logDoesNotExist')) throw error
      }
    }
    return (await this.#runService.openLog(ref, options)).stream()
  }

  async stop(number: number, options?: CallOptions): Promise<void> {
    const { run } = await this.get(number, options)
    if (run.phase === 'queued' && (await this.#cancel(run.id, options))) return
    await this.#runService.stopRun(run.id, options)
  }

  /** false: it has begun to run meanwhile. */
  async #cancel(id: RunId, options?: CallOptions): Promise<boolean> {
    try {
      await this.#runService.changeRunPhase(id, 'cancelled', options)
      return true
    } catch (error) {
      if (!hasCode(error, 'runWrongPhase')) throw error
      return false
    }
  }

  async pin(number: number, options?: CallOptions): Promise<void> {
    await this.#runService.pinRun((await this.get(number, options)).run.id, options)
  }

  async unpin(number: number, options?: CallOptions): Promise<void> {
    await this.#runService.unpinRun((await this.get(number, options)).run.id, options)
  }

  async approve(number: number, task: string, options?: CallOptions): Promise<void> {
    const { run, runConfig } = await this.get(number, options)
    await this.#runService.addTaskApprover(run.id, taskOf(runConfig, task).id, this.#approver, options)
  }

  async restart(
    number: number,
    request: Pick<RestartRunRequest, 'fromStart' | 'archs'>,
    options?: CallOptions,
  ): Promise<RunWithConfig> {
    const { run } = await this.get(number, options)
    return await this.#runService.restartRun({ ...request, runId: run.id, environment: {} }, options)
  }

  async #knownRun(number: number, options: CallOptions): Promise<{ id: RunId; runConfig: RunConfig }> {
    if (this.#known?.number === number) return this.#known
    const { run, runConfig } = await this.get(number, options)
    this.#known = { number, id: run.id, runConfig }
    return this.#known
  }
}

/** Whether the step has yet to start, runs, or has ended or will never start. */
function stageOf(run: Run, { taskId, step }: LogRef): 'before' | 'running' | 'after' {
  const task = run.tasks[taskId]
  if (task === undefined || isTaskFinished(task.status)) return 'after'
  const phase = step === null ? task.setupStep.phase : task.steps[step]?.phase
  if (phase === undefined || isExecutionFinished(phase)) return 'after'
  return phase === 'running' ? 'running' : 'before'
}

function taskOf(runConfig: RunConfig, nameOrId: string): { id: string } {
  const tasks = Object.values(runConfig.tasks)
  const task = tasks.find(({ id }) => id === nameOrId) ?? tasks.find(({ name }) => name === nameOrId)
  if (task !== undefined) return task
  const names = tasks.map(({ name }) => JSON.stringify(name)).join(', ')
  throw new AgolaError(
    'runTaskDoesNotExist',
    `run ${runConfig.name} has no task ${JSON.stringify(nameOrId)}; it has ${names}`,
  )
}
