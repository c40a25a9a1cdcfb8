import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectInfo, ObjectStorage } from '../ports/object-storage.ts'
import type { Random } from '../ports/random.ts'
import type { LoopService } from '../std/run-loop.ts'
import { cachesPrefix } from './caches.ts'
import type { RunEventLog } from './run-event-log.ts'
import type { RunPins } from './run-pins.ts'
import type { Retention } from './run-service-options.ts'
import { archives, expiringKey, logs, partOf, type TaskObjects, taskIdOf } from './task-objects.ts'

const deletionOrder = ['data', 'runs', 'expiring']

export interface CleanerOptions {
  objects: ObjectStorage
  caches: ObjectStorage
  pins: RunPins
  events: RunEventLog
  clock: Clock
  random: Random
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

  constructor(options: CleanerOptions) {
    this.#options = options
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

  async #cleanTasks(kind: TaskObjects, ageMsMax: number, { signal, dryRun }: CleanOptions): Promise<Cleaned> {
    const { objects } = this.#options
    const isOld = this.#isOlderThan(ageMsMax)
    // What another cleaner put just now says nothing about the age of the rest.
    const isSpare = (task: readonly ObjectInfo[]) =>
      task.every(({ key, modificationTime }) => partOf(key) === 'expiring' || isOld(modificationTime))
    const cleaned = { count: 0, sizeBytes: 0 }
    for await (const task of byTask(objects.list({ prefix: kind, recursive: true }, { signal }))) {
      if (!isSpare(task) || (await this.#isPinned(task, { signal }))) continue
      const deleted = dryRun === true ? task : await this.#deleteTask(kind, task, isSpare, { signal })
      for (const object of deleted) if (partOf(object.key) === 'data') count(cleaned, object)
    }
    return cleaned
  }

  /** Announces the deletion, looks for users once more, and only then deletes; gives what it deleted. Who restarts a run puts its marker
   *  first and looks for announcements then: so a marker that is not seen here belongs to a restart that is refused. Each announcement has
   *  a name of its own and is taken back by its cleaner only, as another one may be past its last look. What a crash leaves of it refuses
   *  restarts until the next round deletes the data, as their age says. */
  async #deleteTask(
    kind: TaskObjects,
    [first]: readonly ObjectInfo[],
    isSpare: (task: readonly ObjectInfo[]) => boolean,
    options: CallOptions,
  ): Promise<ObjectInfo[]> {
    const { objects, random } = this.#options
    const taskId = first && taskIdOf(first.key)
    if (taskId === undefined) return []
    const announcement = expiringKey(kind, taskId, random.uuid())
    await objects.put(announcement, new Uint8Array(), { ...options, sizeBytes: 0 })
    const task = await Array.fromAsync(objects.list({ prefix: `${kind}${taskId}/`, recursive: true }, options))
    if (!isSpare(task)) {
      await objects.delete(announcement, options)
      return []
    }
    // What is left after a crash is never data without an announcement; the next round finds it.
    const inOrder = task.toSorted((a, b) => deletionOrder.indexOf(partOf(a.key)) - deletionOrder.indexOf(partOf(b.key)))
    for (const { key } of inOrder) await objects.delete(key, options)
    return inOrder
  }

  /** Whether a run that uses the task is. */
  async #isPinned(task: readonly ObjectInfo[], options: CallOptions): Promise<boolean> {
    const runIds = task
      .filter(({ key }) => partOf(key) === 'runs')
      .map(({ key }) => key.slice(key.lastIndexOf('/') + 1))
    for (const runId of runIds) if (await this.#options.pins.has(runId, options)) return true
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
