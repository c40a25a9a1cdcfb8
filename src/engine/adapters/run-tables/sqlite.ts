import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Random } from '../../ports/random.ts'
import type { RunTable, RunTables } from '../../ports/run-tables.ts'
import { makeDirectory } from '../../std/make-directory.ts'
import { isUsable, makeSchema } from './schema.ts'
import { SqliteRunTable } from './sqlite-run-table.ts'

const pattern = /^(runs-[0-9a-f-]{36}\.sqlite)(-wal|-shm|-journal)?$/

export interface SqliteRunTablesOptions {
  /** Made when it is not there. Other files in it are left alone. */
  directory: string
  random: Random
}

/** Tables of runs as SQLite files of one directory. Each has a name of its own that is never used again, so that what one left beside it
 *  is never taken for a part of another; the transaction that marks a file as published is the switch to it. */
export class SqliteRunTables implements RunTables {
  readonly #directory: string
  readonly #random: Random

  constructor({ directory, random }: SqliteRunTablesOptions) {
    this.#directory = directory
    this.#random = random
  }

  async open(): Promise<RunTable | null> {
    let found: RunTable | null = null
    for (const [name, isWhole] of await this.#names()) {
      const table: RunTable | null = found === null && isWhole ? openTable(join(this.#directory, name)) : null
      if (table === null) await this.#remove(name)
      else found = table
    }
    return found
  }

  async create(): Promise<RunTable> {
    await this.clear()
    await makeDirectory(this.#directory, { mode: 0o700 })
    const file = join(this.#directory, `runs-${this.#random.uuid()}.sqlite`)
    const db = new DatabaseSync(file)
    makeSchema(db)
    return new SqliteRunTable(file, db)
  }

  async clear(): Promise<void> {
    for (const [name] of await this.#names()) await this.#remove(name)
  }

  /** Of databases, and whether they are there: only a file beside one can be left. */
  async #names(): Promise<Map<string, boolean>> {
    const files: string[] = await readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const names = files.flatMap((file) => pattern.exec(file)?.[1] ?? [])
    return new Map(names.map((name) => [name, files.includes(name)]))
  }

  /** The database first: without the files beside it, it could be taken for a sound one. */
  async #remove(name: string): Promise<void> {
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      await rm(join(this.#directory, `${name}${suffix}`), { force: true })
    }
  }
}

/** null for what is no table of ours, or damaged, or was never published. */
function openTable(file: string): RunTable | null {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file)
    if (isUsable(db)) return new SqliteRunTable(file, db)
  } catch (error) {
    if (!isSqliteError(error)) throw error
  }
  if (db?.isOpen) db.close()
  return null
}

function isSqliteError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}
