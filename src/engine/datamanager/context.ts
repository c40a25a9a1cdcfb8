import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { Random } from '../ports/random.ts'
import type { DataType } from './data-type.ts'
import { FileStore } from './file-store.ts'
import { ObjectKeys, StoreKeys } from './keys.ts'

export interface DataManagerOptions {
  kv: KeyValueStore
  objects: ObjectStorage
  /** Folder in object storage; '' for none. */
  basePath: string
  /** Start of all keys in the key-value store, with a slash at its end. */
  keyPrefix?: string
  dataTypes: readonly DataType[]
  clock: Clock
  random: Random
  log: Log
  /** A data file is closed once it is larger; default 10 MiB. */
  fileBytesMax?: number
  /** So many wals, or so many bytes of them, make a checkpoint worth while; default 100 and 8 MiB. */
  checkpointWalsMin?: number
  checkpointBytesMin?: number
  /** Wals that stay in the key-value store after their checkpoint, for readers that follow; default 100. */
  walsKept?: number
}

/** What all parts of a data manager share. */
export interface DataManagerContext extends Required<DataManagerOptions> {
  storeKeys: StoreKeys
  objectKeys: ObjectKeys
  store: FileStore
}

const mebibyte = 1024 * 1024

export function createContext(options: DataManagerOptions): DataManagerContext {
  const objectKeys = new ObjectKeys(options.basePath)
  const keyPrefix = options.keyPrefix ?? 'datamanager/'
  return {
    keyPrefix,
    fileBytesMax: 10 * mebibyte,
    checkpointWalsMin: 100,
    checkpointBytesMin: 8 * mebibyte,
    walsKept: 100,
    ...options,
    objectKeys,
    storeKeys: new StoreKeys(keyPrefix),
    store: new FileStore(options.objects, objectKeys, options.random),
  }
}
