import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

const columns = 7
const rowsMax = 8

/** Adds events to the history table, several with one statement: calling SQLite costs about as much as the row that it writes. Belongs
 *  to one transaction at a time. */
export class SqliteHistory {
  readonly #sql: ReturnType<typeof prepareStatements>
  #values: SQLInputValue[] = []

  constructor(db: DatabaseSync) {
    this.#sql = prepareStatements(db)
  }

  /** Without a value the event is a deletion. */
  add(
    revision: number,
    sub: number,
    key: string,
    value: Uint8Array | null,
    createRevision: number,
    version: number,
    lease: string | null,
  ): void {
    const count = this.#values.push(revision, sub, key, value, createRevision, version, lease)
    if (count < rowsMax * columns) return
    this.#sql.addRows.get(...this.#values)
    this.#values = []
  }

  /** Before anybody reads the table, and before the commit. */
  flush(): void {
    const values = this.#values
    this.#values = []
    for (let at = 0; at < values.length; at += columns) this.#sql.addRow.get(...values.slice(at, at + columns))
  }

  /** What a transaction has added that came to nothing. */
  forget(): void {
    this.#values = []
  }
}

function prepareStatements(db: DatabaseSync) {
  const row = '(?, ?, ?, ?, ?, ?, ?)'
  return {
    addRow: db.prepare(`INSERT INTO hist VALUES ${row}`),
    addRows: db.prepare(`INSERT INTO hist VALUES ${Array(rowsMax).fill(row).join(', ')}`),
  }
}
