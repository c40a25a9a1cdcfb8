import { closeSync, mkdirSync, openSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AgolaError } from '../../model/errors.ts'
import { sqliteError } from './sqlite-error.ts'
import { prepareSchema } from './sqlite-schema.ts'

export interface ConnectionSettings {
  file: string
  /** How long a statement waits for another writer. */
  busyMsMax: number
  sizeBytesMax?: number | undefined
}

const pageBytes = 4096
const walBytesKeptMax = 64 * 1024 * 1024

/** Opens the store's file, makes it when there is none, and refuses what could lose data (spec/storage.md 13.3). */
export function createConnection(settings: ConnectionSettings, newStoreId: () => string): DatabaseSync {
  prepareFile(settings.file)
  return connect(settings, (db) => prepareSchema(db, settings.file, newStoreId))
}

/** Opens a file that `createConnection` has approved. */
export function openConnection(settings: ConnectionSettings): DatabaseSync {
  return connect(settings, () => undefined)
}

function connect(
  { file, busyMsMax, sizeBytesMax }: ConnectionSettings,
  prepare: (db: DatabaseSync) => void,
): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { timeout: busyMsMax })
    // Look before changing the journal mode: that would already write into a file of another program.
    prepare(db)
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;
      PRAGMA journal_size_limit = ${walBytesKeptMax}`)
    if (sizeBytesMax !== undefined) db.exec(`PRAGMA max_page_count = ${Math.ceil(sizeBytesMax / pageBytes)}`)
    return db
  } catch (error) {
    if (db?.isOpen) db.close()
    throw sqliteError(error, file, 'open')
  }
}

/** Run variables may be in the store, so a new file is for its owner only. */
function prepareFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    closeSync(openSync(file, 'a', 0o600))
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const message = `The store ${file} cannot be opened for writing (${text}).`
    throw new AgolaError('storeUnusable', message, { cause: error, details: { file } })
  }
  refuseNetworkFileSystem(file)
}

/** Magic numbers of statfs(2). SQLite's WAL needs memory that all processes share and locks that hold; these give neither. */
const networkFileSystems = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x7461636f, 'OCFS2'],
])

function refuseNetworkFileSystem(file: string): void {
  if (process.platform !== 'linux') return
  const name = networkFileSystemOf(statfsSync(file).type)
  if (name === undefined) return
  const message = `The store ${file} lies on a network file system (${name}), on which SQLite loses data. Name a local path, or use etcd.`
  throw new AgolaError('storeUnusable', message, { details: { file, fileSystem: name } })
}

/** The name of a network file system, from the type that statfs gives (which may come sign-extended). */
export function networkFileSystemOf(type: number): string | undefined {
  return networkFileSystems.get(type >>> 0)
}
