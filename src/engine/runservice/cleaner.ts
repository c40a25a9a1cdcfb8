import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectInfo, ObjectStorage } from '../ports/object-storage.ts'
import type { LoopService } from '../std/run-loop.ts'
import { cachesPrefix } from './caches.ts'
import type { RunEventLog } from './run-event-log.ts'
import { RunPins } from './run-pins.ts'
import type { Retention } from './run-service-options.ts'
import { archives, logs, taskIdOf } from './task-objects.ts'

export interface CleanerOptions {
  objects: ObjectStorage
  caches: ObjectStorage
  events: RunEventLog
  clock: Clock
  retention: Retention
}

export interface CleanOptions extends CallOptions {
  dryRun?: boolean
}

/** Objects that were deleted, markers aside. */
export interface Cleaned {
  count: number
  sizeBytes: number
}

export interface CleanedObjects {
  caches: Cleaned
  logs: Cleaned
  workspaces: Cleaned
}

/** Deletes what nobody needs any more: old caches; logs and archives of tasks, each task as a whole, once the newest thing of it is
 *  too old, be it data or the marker of a run that uses it (spec/runs.md 11, spec/storage.md 9.6), but for tasks of pinned runs; and the
 *  oldest events. */
export class Cleaner implements LoopService {
  readonly name = 'cleaner'
  readonly #options: CleanerOptions
  readonly #pins: RunPins

  constructor(options: CleanerOptions) {
    this.#options = options
    this.#pins = new RunPins(options.objects)
  }

  async step(signal: AbortSignal): Promise<void> {
    await this.clean({ signal })
    await this.#options.events.trim({ signal })
  }

  /** With `dryRun` it only says what it would delete. */
  async clean(options: CleanOptions = {}): Promise<CleanedObjects> {
    const { cacheAgeMsMax, logAgeMsMax, workspaceAgeMsMax } = this.#options.retention
    return {
      caches: await this.#cleanCaches(cacheAgeMsMax, options),
      logs: await this.#cleanTasks(logs, logAgeMsMax, options),
      workspaces: await this.#cleanTasks(archives, workspaceAgeMsMax, options),
    }
  }

  async #cleanCaches(ageMsMax: number, { signal, dryRun }: CleanOptions): Promise<Cleaned> {
    const { caches } = this.#options
    const cleaned = { count: 0, sizeBytes: 0 }
    if (ageMsMax === Number.POSITIVE_INFINITY) return cleaned
    const isOld = this.#isOlderThan(ageMsMax)
    for await (const object of caches.list({ prefix: cachesPrefix }, { signal })) {
      if (!isOld(object.modificationTime)) continue
      if (dryRun !== true) await caches.delete(object.key, { signal })
      count(cleaned, object)
    }
    return cleaned
  }

  async #cleanTasks(kind: string, ageMsMax: number, { signal, dryRun }: CleanOptions): Promise<Cleaned> {
    const { objects } = this.#options
    const isOld = this.#isOlderThan(ageMsMax)
    const cleaned = { count: 0, sizeBytes: 0 }
    for await (const task of byTask(objects.list({ prefix: kind, recursive: true }, { signal }))) {
      if (!task.every((object) => isOld(object.modificationTime))) continue
      if (await this.#isPinned(task, { signal })) continue
      // Data first: what is left after a crash is a marker without data, which the next round finds.
      const dataFirst = task.toSorted((a, b) => Number(isMarker(a)) - Number(isMarker(b)))
      for (const object of dataFirst) {
        if (dryRun !== true) await objects.delete(object.key, { signal })
        if (!isMarker(object)) count(cleaned, object)
      }
    }
    return cleaned
  }

  /** Whether a run that uses the task is. */
  async #isPinned(task: readonly ObjectInfo[], options: CallOptions): Promise<boolean> {
    const runIds = task.filter(isMarker).map(({ key }) => key.slice(key.lastIndexOf('/') + 1))
    for (const runId of runIds) if (await this.#pins.has(runId, options)) return true
    return false
  }

  #isOlderThan(ageMsMax: number): (time: TimeMs) => boolean {
    const limit = this.#options.clock.now() - ageMsMax
    return (time) => time < limit
  }
}

function count(cleaned: Cleaned, { sizeBytes }: ObjectInfo): void {
  cleaned.count += 1
  cleaned.sizeBytes += sizeBytes
}

/** Neighbours in the list that belong to one task. */
async function* byTask(objects: AsyncIterable<ObjectInfo>): AsyncGenerator<ObjectInfo[]> {
  let task: ObjectInfo[] = []
  for await (const object of objects) {
    const [first] = task
    if (first !== undefined && taskIdOf(first.key) !== taskIdOf(object.key)) {
      yield task
      task = []
    }
    task.push(object)
  }
  if (task.length > 0) yield task
}

function isMarker({ key }: ObjectInfo): boolean {
  return key.split('/')[2] === 'runs'
}
