import type { DatabaseSync } from 'node:sqlite'
import { AgolaError } from '../../model/errors.ts'
import { integerOf, type Row, textOf } from './sqlite-row.ts'

/** "Ago1" in ASCII, at the place in the file's header by which programs tell their databases apart. */
const applicationId = 0x41676f31
const schemaVersion = 1
const tableNames = ['meta', 'kv', 'hist', 'lease', 'mark']

/** spec/storage.md 13.3. Keys are ASCII text, so the binary collation is the byte order of the port. */
const tables = `
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), store_id TEXT NOT NULL, revision INTEGER NOT NULL, compact_revision INTEGER NOT NULL) STRICT;
CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB NOT NULL, create_rev INTEGER NOT NULL, mod_rev INTEGER NOT NULL, version INTEGER NOT NULL, lease TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX kv_lease ON kv (lease) WHERE lease IS NOT NULL;
CREATE TABLE hist (rev INTEGER NOT NULL, sub INTEGER NOT NULL, key TEXT NOT NULL, value BLOB, create_rev INTEGER NOT NULL, version INTEGER NOT NULL, lease TEXT, PRIMARY KEY (rev, sub)) STRICT, WITHOUT ROWID;
CREATE INDEX hist_key ON hist (key, rev);
CREATE TABLE lease (id TEXT PRIMARY KEY, ttl_ms REAL NOT NULL, boot_id TEXT NOT NULL, deadline_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE mark (rev INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL) STRICT;
`

/** Makes the tables in a new file; refuses a file that is not ours or newer than we are. Several processes may do so at once. */
export function prepareSchema(db: DatabaseSync, file: string, newStoreId: () => string): void {
  if (isReady(db, file)) return
  db.exec('BEGIN IMMEDIATE')
  try {
    if (!isReady(db, file)) {
      db.exec(tables)
      db.prepare('INSERT INTO meta VALUES (1, ?, 1, 0)').run(newStoreId())
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function isReady(db: DatabaseSync, file: string): boolean {
  const id = integerOf(db.prepare('PRAGMA application_id').get(), 'application_id')
  const version = integerOf(db.prepare('PRAGMA user_version').get(), 'user_version')
  if (id === applicationId && version > schemaVersion) {
    const message = `The store ${file} was written by a newer agola (schema ${version}, this one knows ${schemaVersion}). Update agola.`
    throw new AgolaError('storeUnusable', message, { details: { file, version, versionMax: schemaVersion } })
  }
  if (id === applicationId) {
    checkWhole(db, file)
    return true
  }
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (id === 0 && isEmpty) return false
  const message = `${file} is a SQLite database of another program. Name another path for the store.`
  throw new AgolaError('storeUnusable', message, { details: { file } })
}

/** What is ours can still have lost a part, to a hand or a program. Without its id, cursors of another store would be taken for its own. */
function checkWhole(db: DatabaseSync, file: string): void {
  const lost = findLoss(db)
  if (lost === null) return
  const message = `The store ${file} is damaged: ${lost}. Move it away and restore it, or start with a new one.`
  throw new AgolaError('storeUnusable', message, { details: { file } })
}

function findLoss(db: DatabaseSync): string | null {
  const names = new Set(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map(nameOf))
  const missing = tableNames.find((name) => !names.has(name))
  if (missing !== undefined) return `it lacks its table ${missing}`
  // Before the revision, which other processes raise: the other way round a commit between the two would look like damage.
  const newest = integerOf(db.prepare('SELECT coalesce(max(rev), 0) AS newest FROM hist').get(), 'newest')
  const [meta] = db.prepare('SELECT store_id, revision, compact_revision FROM meta').all()
  if (meta === undefined || textOf(meta, 'store_id') === '') return 'it has lost its id'
  const [revision, compacted] = [integerOf(meta, 'revision'), integerOf(meta, 'compact_revision')]
  return newest > revision || compacted > revision || revision < 1 || compacted < 0
    ? `it says that it is at revision ${revision}, which does not fit its history`
    : null
}

function nameOf(row: Row): string {
  return textOf(row, 'name')
}
