import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import type { Action } from '../../src/engine/datamanager/action.ts'
import type { DataManagerOptions } from '../../src/engine/datamanager/context.ts'
import { DataManager } from '../../src/engine/datamanager/data-manager.ts'
import type { DataIndex, DataType } from '../../src/engine/datamanager/data-type.ts'
import type { Log } from '../../src/engine/ports/log.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimClock } from './sim-clock.ts'

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** Lists notes by their first word: `word/id`. */
export const byWord: DataIndex = {
  name: 'note-by-word',
  version: 1,
  entriesOf: (id, data) => {
    const word = Buffer.from(data).toString().split(' ')[0] ?? ''
    return word === '' ? [] : [{ key: `${word}/${id}`, data: Buffer.from(`${word} of ${id}`) }]
  },
}

export const dataTypes: readonly DataType[] = [{ name: 'note', indexes: [byWord] }, { name: 'user' }]

/** The stores that survive a process, and what is random and timed about them. */
export class DataManagerWorld {
  readonly clock = new SimClock()
  readonly random: SeededRandom
  readonly objects: MemoryObjectStorage
  kv: MemoryKeyValueStore

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
    this.objects = new MemoryObjectStorage({ clock: this.clock })
    this.kv = this.#newKv()
  }

  /** Every key-value pair is gone, and the store is another one. */
  loseKv(): void {
    this.kv = this.#newKv()
  }

  options(changes: Partial<DataManagerOptions> = {}): DataManagerOptions {
    const { clock, random, objects } = this
    return {
      kv: this.kv.another(),
      objects: persistent(objects),
      basePath: 'rundata',
      dataTypes,
      clock,
      random,
      log: silentLog,
      ...changes,
    }
  }

  open(changes: Partial<DataManagerOptions> = {}): Promise<DataManager> {
    return DataManager.open(this.options(changes))
  }

  #newKv(): MemoryKeyValueStore {
    return new MemoryKeyValueStore({ clock: this.clock, random: this.random })
  }
}

/** The same objects, for who may put nothing that a power cut could take back. */
function persistent(objects: ObjectStorage): ObjectStorage {
  return {
    stat: (...args) => objects.stat(...args),
    get: (...args) => objects.get(...args),
    delete: (...args) => objects.delete(...args),
    list: (...args) => objects.list(...args),
    health: (...args) => objects.health(...args),
    put: async (key, source, options) => {
      if (options?.persist !== true) throw new Error(`${key} is not put on stable storage`)
      return await objects.put(key, source, options)
    },
  }
}

export function put(id: string, text: string, dataType = 'note'): Action {
  return { type: 'put', dataType, id, data: Buffer.from(text) }
}

export function remove(id: string, dataType = 'note'): Action {
  return { type: 'delete', dataType, id }
}

/** Everything, as `type/id` to text. */
export async function contentOf(manager: DataManager): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const { name } of dataTypes) {
    for (const { id, data } of await manager.list(name)) content[`${name}/${id}`] = Buffer.from(data).toString()
  }
  return content
}

export async function textOf(manager: DataManager, id: string, dataType = 'note'): Promise<string | null> {
  const data = await manager.find(dataType, id)
  return data === null ? null : Buffer.from(data).toString()
}

/** What the index has to hold, made from the entries. */
export function indexOf(content: Record<string, string>): string[] {
  const notes = Object.entries(content).filter(([key]) => key.startsWith('note/'))
  const keys = notes.flatMap(([key, text]) => byWord.entriesOf(key.slice('note/'.length), Buffer.from(text)))
  return keys.map(({ key }) => key).sort()
}

export async function indexKeysOf(manager: DataManager): Promise<string[]> {
  return (await manager.listIndex(byWord.name)).map(({ id }) => id)
}

export async function exportOf(manager: DataManager): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of manager.export()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

export async function* chunksOf(text: string, size = 1000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < text.length; start += size) yield Buffer.from(text.slice(start, start + size))
}

export async function keysIn(world: { objects: ObjectStorage }, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of world.objects.list({ prefix, recursive: true })) keys.push(key)
  return keys
}
