import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AgolaError } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { RunReader, RunTable, RunTableChange, RunTablePosition } from '../../ports/run-tables.ts'
import { pathOf, placeOf, rootOf } from './group-columns.ts'
import { listRuns } from './list-runs.ts'

const idleReadersMax = 2

/** One file of runs. Writes go over one connection, each reader has its own, so that neither waits for the other. */
export class SqliteRunTable implements RunTable {
  readonly #file: string
  readonly #db: DatabaseSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #move: StatementSync
  readonly #idle: DatabaseSync[] = []
  readonly #reading = new Set<Promise<unknown>>()
  #position: RunTablePosition | null
  #isClosed = false

  constructor(file: string, db: DatabaseSync) {
    this.#file = file
    this.#db = db
    const columns = 'is_active, id, sequence, root, place, path, phase, result, ref, summary'
    this.#put = db.prepare(`INSERT OR REPLACE INTO run (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#delete = db.prepare('DELETE FROM run WHERE id = ? AND is_active = ?')
    this.#move = db.prepare(`INSERT INTO meta (id, is_published, store_id, revision, generation, last_wal)
      VALUES (1, 0, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      store_id = excluded.store_id, revision = excluded.revision, generation = excluded.generation, last_wal = excluded.last_wal`)
    this.#position = readPosition(db)
  }

  get position(): RunTablePosition | null {
    return this.#position
  }

  async change(changes: readonly RunTableChange[], position: RunTablePosition): Promise<void> {
    this.#inTransaction(() => {
      for (const change of changes) this.#apply(change)
      this.#move.run(position.storeId, position.revision, position.generation, position.lastWal)
    })
    this.#position = position
  }

  async publish(): Promise<void> {
    this.#guarded(() => this.#db.exec('UPDATE meta SET is_published = 1'))
  }

  async read<T>(work: (reader: RunReader) => Promise<T>, { signal }: CallOptions = {}): Promise<T> {
    signal?.throwIfAborted()
    const reading = this.#read(work, signal)
    const done = reading.catch(() => undefined)
    this.#reading.add(done)
    try {
      return await reading
    } finally {
      this.#reading.delete(done)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#reading)
    for (const db of [...this.#idle.splice(0), this.#db]) if (db.isOpen) db.close()
  }

  async #read<T>(work: (reader: RunReader) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const db = this.#openReader()
    try {
      // The first thing that is read makes the moment.
      this.#guarded(() => db.exec('BEGIN; SELECT 1 FROM meta'))
      const result = await work({
        list: async (query) => {
          signal?.throwIfAborted()
          return this.#guarded(() => listRuns(db, query))
        },
      })
      signal?.throwIfAborted()
      return result
    } finally {
      this.#putBack(db)
    }
  }

  #openReader(): DatabaseSync {
    if (this.#isClosed) throw this.#failed('it is closed')
    return this.#idle.pop() ?? this.#guarded(() => new DatabaseSync(this.#file, { readOnly: true }))
  }

  #putBack(db: DatabaseSync): void {
    if (db.isTransaction) db.exec('ROLLBACK')
    if (this.#idle.length < idleReadersMax) this.#idle.push(db)
    else db.close()
  }

  #apply(change: RunTableChange): void {
    const isActive = change.part === 'active' ? 1 : 0
    if (change.type === 'delete') {
      this.#delete.run(change.id, isActive)
      return
    }
    const { id, sequence, group, phase, result, annotations } = change.run
    const [root, place, path] = [rootOf(group) ?? '', placeOf(group) ?? '', pathOf(group)]
    const summary = JSON.stringify(change.run)
    this.#put.run(isActive, id, sequence, root, place, path, phase, result, annotations.ref ?? '', summary)
  }

  #inTransaction(work: () => void): void {
    this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        work()
        this.#db.exec('COMMIT')
      } finally {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      }
    })
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#failed(error instanceof Error ? error.message : String(error), error)
    }
  }

  #failed(reason: string, cause?: unknown): AgolaError {
    return new AgolaError('storeUnusable', `the table of runs ${this.#file} cannot be used: ${reason}`, {
      cause,
      details: { file: this.#file },
    })
  }
}

function readPosition(db: DatabaseSync): RunTablePosition | null {
  const row = db.prepare('SELECT store_id, revision, generation, last_wal FROM meta').get()
  if (row === undefined) return null
  const { store_id: storeId, revision, generation, last_wal: lastWal } = row
  return {
    storeId: String(storeId),
    revision: BigInt(Number(revision)),
    generation: String(generation),
    lastWal: String(lastWal),
  }
}
