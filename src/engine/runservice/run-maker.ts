import { checkGraph, withLevels } from '../decide/check-graph.ts'
import { newRun } from '../decide/new-run.ts'
import { recreateTasks, whyNotRecreatable } from '../decide/recreate-run.ts'
import { AgolaError, hasCode } from '../model/errors.ts'
import { foreignArch } from '../model/foreign-arch.ts'
import type { ExecutorId, RunId } from '../model/ids.ts'
import type { Run, RunTask } from '../model/run.ts'
import type { RunConfig, RunConfigTask } from '../model/run-config.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { Random } from '../ports/random.ts'
import type { CreateRunRequest, RestartRunRequest, RunWithConfig } from '../ports/run-service.ts'
import { timeOrderedUuid } from '../std/time-ordered-uuid.ts'
import type { ExecutorRegistry } from './executor-registry.ts'
import { rootOf } from './run-group.ts'
import type { NewRun, RunStore, StoredRun } from './run-store.ts'
import { archiveKey, archives, expiringPrefix, logs, markerKey } from './task-objects.ts'

export interface RunMakerOptions {
  store: RunStore
  registry: ExecutorRegistry
  objects: ObjectStorage
  clock: Clock
  random: Random
  /** undefined: runs belong to nobody in particular. */
  owner?: ExecutorId | undefined
}

/** A task of more steps would not fit into the store once they have all run. */
const stepsMax = 1500

/** Makes new runs, and stores them as queued (spec/runs.md 4, 13). */
export class RunMaker {
  readonly #options: RunMakerOptions

  constructor(options: RunMakerOptions) {
    this.#options = options
  }

  /** `tooLarge`, `notReady`, and what the store says. */
  async create(request: CreateRunRequest): Promise<StoredRun> {
    rootOf(request.group)
    const tooLong = Object.values(request.tasks).find((task) => task.steps.length > stepsMax)
    if (tooLong !== undefined) {
      const found = `task ${JSON.stringify(tooLong.name)} has ${tooLong.steps.length} steps`
      throw new AgolaError('tooLarge', `${found}, ${stepsMax} are allowed: put what belongs together into scripts`)
    }
    const setupErrors = [...request.setupErrors, ...checkGraph(request.tasks)]
    const tasks = setupErrors.length > 0 ? request.tasks : withLevels(request.tasks)
    const creationTime = this.#options.clock.now()
    const config: RunConfig = { ...request, id: newId(this.#options), setupErrors, tasks, creationTime }
    return await this.#store(config, (run) => run, [])
  }

  /** A run like an old one, whose successful tasks it keeps unless it is `fromStart`. `runCannotBeRestarted`, `runDoesNotExist` */
  async recreate(
    { run: old, runConfig }: RunWithConfig,
    { fromStart, environment, archs }: Omit<RestartRunRequest, 'runId'>,
  ): Promise<StoredRun> {
    const { random, clock } = this.#options
    const reason = whyNotRecreatable(old, fromStart)
    if (reason !== null) throw cannotRestart(old, reason)
    const isSkipped = (task: RunConfigTask) => archs !== undefined && foreignArch(task, archs) !== null
    const recreated = recreateTasks(old, runConfig, fromStart, () => random.uuid(), isSkipped)
    const config: RunConfig = {
      ...runConfig,
      id: newId(this.#options),
      environment,
      tasks: recreated.config,
      creationTime: clock.now(),
    }
    const kept = recreated.kept.flatMap((id) => recreated.tasks[id] ?? [])
    return await this.#store(config, (run) => ({ ...run, tasks: recreated.tasks }), kept, old)
  }

  async #store(
    config: RunConfig,
    finish: (run: Run) => Run,
    kept: readonly RunTask[],
    restarted?: Run,
  ): Promise<StoredRun> {
    const { store, registry, clock, owner = '' } = this.#options
    if (owner !== '' && registry.get(owner) === undefined) {
      throw new AgolaError('notReady', 'the executor of this process has not reported yet')
    }
    await store.requireOpen()
    const runId = newId(this.#options)
    if (restarted !== undefined && kept.length > 0) await this.#share(runId, restarted, kept)
    const make: NewRun['make'] = (numbers) =>
      finish(newRun(config, { ...numbers, runId, runConfigId: config.id }, clock.now()))
    return await store.create({ config, owner, make, changedTasks: kept })
  }

  /** Makes the new run a user of what its kept tasks left. First the markers; then the old run and the archives have to be there still.
   *  Who removes the old run deletes it first, and cleaners announce what they delete; both look for markers afterwards. So either they
   *  see ours, or we see that they are at it. */
  async #share(runId: RunId, restarted: Run, kept: readonly RunTask[]): Promise<void> {
    const { objects, store } = this.#options
    const withArchives = kept.filter(({ workspaceArchives }) => workspaceArchives.length > 0)
    const markers = [
      ...kept.map(({ id }) => markerKey(logs, id, runId)),
      ...withArchives.map(({ id }) => markerKey(archives, id, runId)),
    ]
    for (const key of markers) await objects.put(key, new Uint8Array(), { sizeBytes: 0 })
    try {
      if (!(await store.exists(restarted.id))) {
        throw new AgolaError('runDoesNotExist', `run ${restarted.counter} has just been removed`)
      }
      for (const task of withArchives) await this.#requireArchives(restarted, task)
    } catch (error) {
      for (const key of markers) await objects.delete(key)
      throw error
    }
  }

  async #requireArchives(restarted: Run, task: RunTask): Promise<void> {
    const { objects } = this.#options
    const expired = 'the workspace of a successful task has expired; restart it from the start'
    const cleaners = await Array.fromAsync(objects.list({ prefix: expiringPrefix(archives, task.id) }))
    if (cleaners.length > 0) throw cannotRestart(restarted, expired)
    for (const step of task.workspaceArchives) {
      try {
        await objects.stat(archiveKey(task.id, step))
      } catch (error) {
        if (!hasCode(error, 'objectDoesNotExist')) throw error
        throw cannotRestart(restarted, expired)
      }
    }
  }
}

function cannotRestart(run: Run, reason: string): AgolaError {
  return new AgolaError('runCannotBeRestarted', `run ${run.counter} cannot be restarted: ${reason}`)
}

/** Of a run and of its run config, which lie in the archive by their ids: a checkpoint then writes the last files only. */
function newId({ clock, random }: Pick<RunMakerOptions, 'clock' | 'random'>): string {
  return timeOrderedUuid(clock.now(), random.uuid())
}
