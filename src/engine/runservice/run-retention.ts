import { hasCode } from '../model/errors.ts'
import type { RunId, RunTaskId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { ObjectInfo, ObjectStorage } from '../ports/object-storage.ts'
import type { RunSummary } from '../ports/run-service.ts'
import { keys } from './keys.ts'
import type { RunArchive } from './run-archive.ts'
import { RunPins } from './run-pins.ts'
import { archives, logs, markerKey, partOf, type TaskObjects } from './task-objects.ts'

/** Which archived runs are kept: the newest ones, and those that are young (spec/local-runs.md 13). */
export interface RunLimits {
  runsKeptMin: number
  runAgeMsMax: number
}

export const defaultRunLimits: RunLimits = { runsKeptMin: 50, runAgeMsMax: 30 * 24 * 60 * 60 * 1000 }

export interface RunRetentionOptions {
  kv: KeyValueStore
  objects: ObjectStorage
  archive: RunArchive
  clock: Clock
}

const pageRunsMax = 200
const attemptsMax = 5

/** Deletes archived runs that need not be kept, with everything that only they use. */
export class RunRetention {
  readonly #options: RunRetentionOptions
  readonly #pins: RunPins

  constructor(options: RunRetentionOptions) {
    this.#options = options
    this.#pins = new RunPins(options)
  }

  /** Runs over the limits, oldest first, so that work cut short goes on where it ended. */
  async *expired(limits: RunLimits, { signal }: CallOptions = {}): AsyncGenerator<RunSummary> {
    const { archive, clock } = this.#options
    const newest = await archive.listRuns({ limit: limits.runsKeptMin }, { signal })
    if (!newest.more) return
    const firstKept = newest.runs.at(-1)?.sequence ?? Number.POSITIVE_INFINITY
    const oldest = clock.now() - limits.runAgeMsMax
    for (let after = 0; ; ) {
      const page = await archive.listRuns({ ascending: true, after, limit: pageRunsMax }, { signal })
      const old = page.runs.filter((run) => run.sequence < firstKept && endOf(run) < oldest)
      for (const run of old) if (!(await this.#pins.has(run.id, { signal }))) yield run
      after = page.runs.at(-1)?.sequence ?? after
      // Runs end about in the order in which they were made: behind a page of young ones there are no old ones.
      if (!page.more || old.length === 0 || after >= firstKept) return
    }
  }

  /** Bytes of logs and archives that only this run uses. */
  async measure(runId: RunId, { signal }: CallOptions = {}): Promise<number> {
    const run = await this.#options.archive.getRun(runId, { signal })
    let bytes = 0
    for (const { kind, taskId } of placesOf(run)) {
      const objects = await this.#objectsOf(kind, taskId, { signal })
      const marker = markerKey(kind, taskId, runId)
      if (objects.every(({ key }) => !isMarker(key) || key === marker)) bytes += sizeOf(objects)
    }
    return bytes
  }

  /** Deletes a run and gives the bytes that this freed; null when it is gone, pinned, or not entirely archived yet. The run goes first: what a
   *  crash leaves behind is data without a reader, which ends with its age, and never a run without its data. */
  async remove(runId: RunId, { signal }: CallOptions = {}): Promise<number | null> {
    const { kv, archive } = this.#options
    const run = await archive.getRun(runId, { signal })
    if (run === null || (await kv.get(keys.run(runId), { signal })).entry !== null) return null
    if (!(await this.#delete(run, { signal }))) return null
    let bytes = 0
    for (const { kind, taskId } of placesOf(run)) bytes += await this.#release(kind, taskId, runId, { signal })
    return bytes
  }

  /** false when the run is pinned. Whoever pins it meanwhile makes the transaction fail, or finds the run gone. */
  async #delete(run: Run, options: CallOptions): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const unpinned = await this.#pins.noneAdded(options)
      if (await this.#pins.has(run.id, options)) return false
      try {
        await this.#options.archive.deleteRun(run, { ...options, compare: [unpinned] })
        return true
      } catch (error) {
        if (!hasCode(error, 'concurrentUpdate') || attempt >= attemptsMax) throw error
      }
    }
  }

  /** Takes away the run's claim, and the data with the last claim. Whoever restarts a run puts new claims first and looks for the run then:
   *  when it was still there, they are in the list. */
  async #release(kind: TaskObjects, taskId: RunTaskId, runId: RunId, options: CallOptions): Promise<number> {
    const { objects } = this.#options
    await objects.delete(markerKey(kind, taskId, runId), options)
    const left = await this.#objectsOf(kind, taskId, options)
    if (left.some(({ key }) => isMarker(key))) return 0
    for (const { key } of left) await objects.delete(key, options)
    return sizeOf(left)
  }

  async #objectsOf(kind: TaskObjects, taskId: RunTaskId, options: CallOptions): Promise<ObjectInfo[]> {
    return Array.fromAsync(this.#options.objects.list({ prefix: `${kind}${taskId}/`, recursive: true }, options))
  }
}

function placesOf(run: Run | null): { kind: TaskObjects; taskId: RunTaskId }[] {
  const tasks = Object.keys(run?.tasks ?? {})
  return tasks.flatMap((taskId) => [logs, archives].map((kind) => ({ kind: kind as TaskObjects, taskId })))
}

function isMarker(key: string): boolean {
  return partOf(key) === 'runs'
}

function sizeOf(objects: readonly ObjectInfo[]): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function endOf({ endTime, startTime, enqueueTime }: RunSummary): number {
  return endTime ?? startTime ?? enqueueTime ?? 0
}
