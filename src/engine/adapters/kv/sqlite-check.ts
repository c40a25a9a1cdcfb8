import { DatabaseSync } from 'node:sqlite'
import { sqliteError } from './sqlite-error.ts'

const problemsMax = 10

/** What SQLite itself finds wrong with a file, nothing when it is sound. Reads all of it and writes nothing.
 *  @throws storeUnusable when it is no database at all */
export function checkSqliteFile(file: string): string[] {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
    const rows = db.prepare(`PRAGMA integrity_check(${problemsMax})`).all()
    return rows.map((row) => String(Object.values(row)[0])).filter((text) => text !== 'ok')
  } catch (error) {
    throw sqliteError(error, file, 'read')
  } finally {
    if (db?.isOpen) db.close()
  }
}
