import type { DatabaseSync } from 'node:sqlite'

/** Raise it with any change of the tables: a copy of another version is thrown away and made again. */
const schemaVersion = 1
/** "Ago2" in ASCII, at the place in the file's header by which programs tell their databases apart. */
const applicationId = 0x41676f32

/** `root` and `place` are the first two and the first four elements of the group, `path` is the whole of it with a slash at its end. */
const tables = `
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), is_published INTEGER NOT NULL, store_id TEXT NOT NULL, revision INTEGER NOT NULL, generation TEXT NOT NULL, last_wal TEXT NOT NULL) STRICT;
CREATE TABLE run (is_active INTEGER NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, root TEXT NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL, phase TEXT NOT NULL, result TEXT NOT NULL, ref TEXT NOT NULL, summary TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX run_by_id ON run (id, is_active);
`

/** What a filter looks at is in the index, so that a list reads only the runs that it shows. Made before the runs come: made after them,
 *  a large table would keep the process from everything else for seconds. */
const indexes = `
CREATE INDEX run_by_sequence ON run (is_active, sequence, phase, result);
CREATE INDEX run_by_root ON run (is_active, root, sequence, phase, result);
CREATE INDEX run_by_place ON run (is_active, place, sequence, phase, result);
CREATE INDEX run_by_ref ON run (is_active, root, ref, sequence);
`

// NORMAL: after a power cut the last transactions may be missing, their position with them, so that they come again.
const settings = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL'

export function makeSchema(db: DatabaseSync): void {
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; ${settings}`)
  db.exec(tables + indexes)
}

/** Whether it is a published table of this version. */
export function isUsable(db: DatabaseSync): boolean {
  const { application_id: id } = db.prepare('PRAGMA application_id').get() ?? {}
  const { user_version: version } = db.prepare('PRAGMA user_version').get() ?? {}
  if (id !== applicationId || version !== schemaVersion) return false
  db.exec(settings)
  return db.prepare('SELECT is_published FROM meta').get()?.is_published === 1
}
