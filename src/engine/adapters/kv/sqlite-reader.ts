import type { DatabaseSync } from 'node:sqlite'
import type {
  GetResult,
  RangeQuery,
  RangeResult,
  StoreStatus,
  WatchBatch,
  WatchEvent,
} from '../../ports/key-value-store.ts'
import { endOfPrefix, entryOf, integerOf, type Row, revisionOf, textOf } from './sqlite-row.ts'
import { revisionCompacted, revisionInFuture } from './store-errors.ts'

/** What is read on the main thread. Every method reads one snapshot of the database. */
export class SqliteReader {
  readonly #db: DatabaseSync
  readonly #sql: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#sql = prepareStatements(db)
  }

  get(key: string, revision?: bigint): GetResult {
    if (revision !== undefined) return this.#getAt(key, revision)
    const row = this.#sql.get.get(key)
    const entry = row?.key === null || row === undefined ? null : entryOf(row)
    return { entry, revision: revisionOf(row, 'revision') }
  }

  #getAt(key: string, revision: bigint): GetResult {
    return this.#snapshot((meta) => {
      checkReadable(revision, meta)
      const row = this.#sql.getAt.get(key, revision)
      return { entry: row && row.value !== null ? entryOf(row) : null, revision: meta.revision }
    })
  }

  range({ prefix, after, limit = -1, descending = false, keysOnly = false, revision }: RangeQuery): RangeResult {
    const start = !descending && after !== undefined && after >= prefix ? `${after}\u0000` : prefix
    const end = descending && after !== undefined && after < endOfPrefix(prefix) ? after : endOfPrefix(prefix)
    return this.#snapshot((meta) => {
      if (revision !== undefined) checkReadable(revision, meta)
      const isPast = revision !== undefined && revision < meta.revision
      const statement = this.#rangeStatement(isPast, descending, keysOnly)
      const one = limit < 0 ? limit : limit + 1
      const rows = isPast ? statement.all(start, end, revision, one) : statement.all(start, end, one)
      const more = limit >= 0 && rows.length > limit
      if (more) rows.pop()
      return { entries: rows.map(entryOf), more, revision: revision ?? meta.revision }
    })
  }

  #rangeStatement(isPast: boolean, descending: boolean, keysOnly: boolean) {
    const value = keysOnly ? "x'' AS value" : 'value'
    const order = descending ? 'DESC' : 'ASC'
    // With max() alone, SQLite takes the other columns from the row that has the maximum.
    const text = isPast
      ? `SELECT key, ${value}, create_rev, max(rev) AS mod_rev, version, lease FROM hist
         WHERE key >= ? AND key < ? AND rev <= ? GROUP BY key HAVING hist.value IS NOT NULL ORDER BY key ${order} LIMIT ?`
      : `SELECT key, ${value}, create_rev, mod_rev, version, lease FROM kv WHERE key >= ? AND key < ? ORDER BY key ${order} LIMIT ?`
    const known = this.#sql.ranges.get(text)
    if (known) return known
    const statement = this.#db.prepare(text)
    this.#sql.ranges.set(text, statement)
    return statement
  }

  /** Whole revisions after `cursor`, about `eventsMax` events, or `null` when there is no later revision. */
  eventsAfter(cursor: bigint, prefix: string, eventsMax: number): WatchBatch | null {
    return this.#snapshot((meta) => {
      if (cursor < meta.compactRevision) throw revisionCompacted(cursor + 1n, meta.compactRevision + 1n)
      if (cursor >= meta.revision) return null
      const rows = this.#sql.events.all(cursor, prefix, endOfPrefix(prefix), eventsMax)
      if (rows.length < eventsMax) return { revision: meta.revision, events: rows.map(eventOf) }
      const last = revisionOf(rows.at(-1), 'mod_rev')
      const whole = rows.filter((row) => revisionOf(row, 'mod_rev') !== last)
      const ofLast = this.#sql.eventsOf.all(last, prefix, endOfPrefix(prefix))
      return { revision: last, events: [...whole, ...ofLast].map(eventOf) }
    })
  }

  status(): StoreStatus {
    return this.#snapshot((meta) => ({
      ...meta,
      sizeBytes: integerOf(this.#sql.pages.get(), 'pages') * integerOf(this.#sql.pageSize.get(), 'page_size'),
    }))
  }

  /** Changes whenever another connection, of this process or another one, has committed. */
  dataVersion(): number {
    return integerOf(this.#sql.dataVersion.get(), 'data_version')
  }

  revision(): bigint {
    return revisionOf(this.#sql.meta.get(), 'revision')
  }

  /** When the next lease ends, on the machine's clock; `undefined` without leases. */
  nextDeadlineMs(bootId: string): number | undefined {
    const deadline = this.#sql.nextDeadline.get(bootId)?.deadline_ms
    return typeof deadline === 'number' ? deadline : undefined
  }

  isLeaseDue(id: string, bootId: string, monotonicMs: number): boolean {
    return this.#sql.isLeaseDue.get(id, bootId, monotonicMs) !== undefined
  }

  /** The last revision known to be at least as old as `wallMs`, or 0. */
  revisionAt(wallMs: number): bigint {
    return revisionOf(this.#sql.revisionAt.get(wallMs), 'rev')
  }

  #snapshot<T>(read: (meta: Meta) => T): T {
    this.#db.exec('BEGIN')
    try {
      const row = this.#sql.meta.get()
      const meta = {
        storeId: textOf(row, 'store_id'),
        revision: revisionOf(row, 'revision'),
        compactRevision: revisionOf(row, 'compact_revision'),
      }
      return read(meta)
    } finally {
      this.#db.exec('COMMIT')
    }
  }
}

interface Meta {
  storeId: string
  revision: bigint
  compactRevision: bigint
}

function checkReadable(asked: bigint, { revision, compactRevision }: Meta): void {
  if (asked > revision) throw revisionInFuture(asked, revision)
  if (asked < compactRevision) throw revisionCompacted(asked, compactRevision)
}

function eventOf(row: Row): WatchEvent {
  if (row.value !== null) return { type: 'put', entry: entryOf(row) }
  return { type: 'delete', key: textOf(row, 'key'), modRevision: revisionOf(row, 'mod_rev') }
}

const eventColumns = 'rev AS mod_rev, key, value, create_rev, version, lease'

function prepareStatements(db: DatabaseSync) {
  return {
    meta: db.prepare('SELECT * FROM meta'),
    get: db.prepare('SELECT kv.*, meta.revision FROM meta LEFT JOIN kv ON kv.key = ?'),
    getAt: db.prepare(
      `SELECT ${eventColumns} FROM hist WHERE key = ? AND rev <= ? ORDER BY rev DESC, sub DESC LIMIT 1`,
    ),
    ranges: new Map<string, ReturnType<DatabaseSync['prepare']>>(),
    // The plus keeps SQLite from using the index on keys: a watch reads the newest few revisions of all keys.
    events: db.prepare(
      `SELECT ${eventColumns} FROM hist WHERE rev > ? AND +key >= ? AND +key < ? ORDER BY rev, sub LIMIT ?`,
    ),
    eventsOf: db.prepare(`SELECT ${eventColumns} FROM hist WHERE rev = ? AND +key >= ? AND +key < ? ORDER BY sub`),
    pages: db.prepare('SELECT page_count AS pages FROM pragma_page_count'),
    pageSize: db.prepare('PRAGMA page_size'),
    dataVersion: db.prepare('PRAGMA data_version'),
    nextDeadline: db.prepare('SELECT min(iif(boot_id = ?, deadline_ms, 0)) AS deadline_ms FROM lease'),
    isLeaseDue: db.prepare('SELECT 1 FROM lease WHERE id = ? AND (boot_id <> ? OR deadline_ms <= ?)'),
    revisionAt: db.prepare('SELECT coalesce(max(rev), 0) AS rev FROM mark WHERE wall_ms <= ?'),
  }
}
