import type { DatabaseSync } from 'node:sqlite'
import type { Compare, Entry, Op, Txn, TxnResult } from '../../ports/key-value-store.ts'
import { holds } from './compare.ts'
import { SqliteCompactor } from './sqlite-compactor.ts'
import { isBusy, sqliteError } from './sqlite-error.ts'
import { SqliteHistory } from './sqlite-history.ts'
import { failed, type WriteBatch, type WriteReply, type WriteRequest } from './sqlite-request.ts'
import { endOfPrefix, entryOf, type Head, headOf, integerOf, textOf } from './sqlite-row.ts'
import { leaseLost } from './store-errors.ts'

const markEveryMs = 60_000

/** Applies batches of requests on the connection that writes: one SQLite transaction a batch, one revision a request that changes
 *  something, and no reply before the commit (spec/storage.md 13.3). Blocks; lives in a worker thread or, for small use, in the main one. */
export class SqliteWriter {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #bootId: string
  readonly #sql: ReturnType<typeof prepareStatements>
  readonly #history: SqliteHistory
  readonly #compactor: SqliteCompactor
  #markedMs: number | undefined
  /** Within a batch: the revision of the last write in it. */
  #revision = 0
  /** Within a request: what was read of its keys, so that a compare and a put of one key read it once. */
  readonly #heads = new Map<string, Head | null>()

  constructor(db: DatabaseSync, { file, bootId }: { file: string; bootId: string }) {
    this.#db = db
    this.#file = file
    this.#bootId = bootId
    this.#sql = prepareStatements(db)
    this.#history = new SqliteHistory(db)
    this.#compactor = new SqliteCompactor(db)
  }

  /** Throws only when nothing was applied because another writer holds the lock; any other failure is in the replies. There are fewer of
   *  them than requests when another writer took the lock in between: the rest was not tried. */
  apply(batch: WriteBatch): WriteReply[] {
    try {
      return this.#transaction(batch)
    } catch (error) {
      if (isBusy(error)) throw error
      const { requests } = batch
      const reason = sqliteError(error, this.#file, 'write')
      if (requests.length === 1 || reason.code === 'outcomeUnknown') return requests.map(() => failed(reason))
      return this.#applyEach(batch)
    }
  }

  /** One request must not fail for another's sake. */
  #applyEach(batch: WriteBatch): WriteReply[] {
    const replies: WriteReply[] = []
    for (const request of batch.requests) {
      try {
        replies.push(...this.apply({ ...batch, requests: [request] }))
      } catch (error) {
        if (replies.length === 0) throw error
        break
      }
    }
    return replies
  }

  #transaction(batch: WriteBatch): WriteReply[] {
    this.#sql.begin.get()
    try {
      const state = this.#sql.state.get()
      const before = integerOf(state, 'revision')
      this.#revision = before
      if (integerOf(state, 'has_leases') === 1) this.#expire(batch.monotonicMs)
      const replies = batch.requests.map((request) => this.#applyOne(request, batch))
      this.#history.flush()
      if (this.#revision !== before) {
        this.#sql.setRevision.get(this.#revision)
        this.#mark(batch.wallMs)
      }
      this.#commit()
      return replies
    } catch (error) {
      this.#history.forget()
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #commit(): void {
    try {
      this.#sql.commit.get()
    } catch (error) {
      throw isBusy(error) ? error : sqliteError(error, this.#file, 'commit')
    }
  }

  #applyOne(request: WriteRequest, { monotonicMs }: WriteBatch): WriteReply {
    switch (request.type) {
      case 'txn':
        return this.#txn(request.txn)
      case 'grant':
        this.#sql.grant.run(request.lease, request.ttlMs, this.#bootId, monotonicMs + request.ttlMs)
        return done
      case 'renew':
        return this.#sql.renew.run(monotonicMs, request.lease).changes === 1 ? done : failed(leaseLost(request.lease))
      case 'revoke':
        this.#endLease(request.lease)
        return done
      case 'expire':
        return done
      case 'compact':
        this.#history.flush()
        return this.#compactor.step(request.revision, BigInt(this.#revision))
    }
  }

  #txn(txn: Txn): WriteReply {
    this.#heads.clear()
    if (this.#creates(txn))
      return { type: 'txn', result: { succeeded: true, revision: BigInt(this.#revision), gets: [] } }
    const { compare = [], then, else: otherwise = [] } = txn
    const succeeded = this.#allHold(compare)
    const ops = succeeded ? then : otherwise
    for (const op of ops) {
      if (op.type === 'put' && op.lease !== undefined && !this.#sql.lease.get(op.lease))
        return failed(leaseLost(op.lease))
    }
    const gets = this.#write(ops)
    const result: TxnResult = { succeeded, revision: BigInt(this.#revision), gets }
    return { type: 'txn', result }
  }

  /** The commonest of all: one key that must be new. It is written without a look for it first; when it was there nothing has happened. */
  #creates({ compare, then }: Txn): boolean {
    const put = compare?.length === 1 && then.length === 1 ? then[0] : undefined
    if (put?.type !== 'put' || put.lease !== undefined || !isAbsence(compare?.[0], put.key)) return false
    const revision = this.#revision + 1
    if (this.#sql.insertNew.run(put.key, put.value, revision, revision).changes === 0) return false
    this.#history.add(revision, 0, put.key, put.value, revision, 1, null)
    this.#revision = revision
    return true
  }

  #allHold(compares: readonly Compare[]): boolean {
    for (const one of compares) {
      if (!holds(one, one.target === 'value' ? this.#get(one.key) : this.#head(one.key))) return false
    }
    return true
  }

  #write(ops: readonly Op[]): (Entry | null)[] {
    const revision = this.#revision + 1
    const gets: (Entry | null)[] = []
    let sub = 0
    for (const op of ops) {
      if (op.type === 'get') gets.push(this.#get(op.key))
      else if (op.type === 'put') this.#put(op.key, op.value, op.lease ?? null, revision, sub++)
      else if (op.type === 'delete') sub += this.#delete(op.key, revision, sub)
      else sub += this.#deletePrefix(op.prefix, revision, sub)
    }
    if (sub > 0) this.#revision = revision
    return gets
  }

  /** A key is written once in a request, so what was read of it before still holds. */
  #put(key: string, value: Uint8Array, lease: string | null, revision: number, sub: number): void {
    const old = this.#head(key)
    const createRevision = old === null ? revision : Number(old.createRevision)
    const version = old === null ? 1 : old.version + 1
    if (old === null) this.#sql.insert.get(key, value, revision, revision, lease)
    else if (old.lease === lease) this.#sql.update.get(value, revision, version, key)
    else this.#sql.updateWithLease.get(value, revision, version, lease, key)
    this.#history.add(revision, sub, key, value, createRevision, version, lease)
  }

  /** How many events it made: 1, or 0 when the key was absent. */
  #delete(key: string, revision: number, sub: number): number {
    if (this.#sql.delete.run(key).changes === 0) return 0
    this.#history.add(revision, sub, key, null, 0, 0, null)
    return 1
  }

  #deletePrefix(prefix: string, revision: number, sub: number): number {
    const keys = this.#sql.keysOfPrefix.all(prefix, endOfPrefix(prefix)).map((row) => textOf(row, 'key'))
    for (const [index, key] of keys.entries()) this.#delete(key, revision, sub + index)
    return keys.length
  }

  #get(key: string): Entry | null {
    const row = this.#sql.get.get(key)
    return row === undefined ? null : entryOf(row)
  }

  #head(key: string): Head | null {
    const known = this.#heads.get(key)
    if (known !== undefined) return known
    const row = this.#sql.head.get(key)
    const head = row === undefined ? null : headOf(row)
    this.#heads.set(key, head)
    return head
  }

  #expire(monotonicMs: number): void {
    for (const row of this.#sql.dueLeases.all(this.#bootId, monotonicMs, monotonicMs)) this.#endLease(textOf(row, 'id'))
  }

  #endLease(id: string): void {
    this.#heads.clear()
    const keys = this.#sql.keysOfLease.all(id).map((row) => textOf(row, 'key'))
    this.#write(keys.map((key) => ({ type: 'delete', key })))
    this.#sql.endLease.run(id)
  }

  /** Notes now and then which revision belongs to which time, for the compaction by age. */
  #mark(wallMs: number): void {
    if (this.#markedMs !== undefined && Math.abs(wallMs - this.#markedMs) < markEveryMs) return
    this.#markedMs = wallMs
    this.#sql.mark.get(this.#revision, wallMs)
  }
}

const done: WriteReply = { type: 'done' }

/** Whether it holds for an absent key and no other. */
function isAbsence(compare: Compare | undefined, key: string): boolean {
  if (compare?.key !== key || compare.operator !== '=') return false
  return compare.target !== 'value' && compare.target !== 'lease' && holds(compare, null)
}

function prepareStatements(db: DatabaseSync) {
  return {
    // What every write needs is called with get(), not run(): that makes an object of two counts, which nobody asks for.
    // Prepared, because parsing them would cost as much as a small write.
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    state: db.prepare('SELECT revision, EXISTS (SELECT 1 FROM lease) AS has_leases FROM meta'),
    setRevision: db.prepare('UPDATE meta SET revision = ?'),
    get: db.prepare('SELECT * FROM kv WHERE key = ?'),
    head: db.prepare('SELECT create_rev, mod_rev, version, lease FROM kv WHERE key = ?'),
    insert: db.prepare('INSERT INTO kv VALUES (?, ?, ?, ?, 1, ?)'),
    insertNew: db.prepare('INSERT INTO kv VALUES (?, ?, ?, ?, 1, NULL) ON CONFLICT (key) DO NOTHING'),
    update: db.prepare('UPDATE kv SET value = ?, mod_rev = ?, version = ? WHERE key = ?'),
    // Apart, because it has to look after the index on leases.
    updateWithLease: db.prepare('UPDATE kv SET value = ?, mod_rev = ?, version = ?, lease = ? WHERE key = ?'),
    delete: db.prepare('DELETE FROM kv WHERE key = ?'),
    keysOfPrefix: db.prepare('SELECT key FROM kv WHERE key >= ? AND key < ? ORDER BY key'),
    keysOfLease: db.prepare('SELECT key FROM kv WHERE lease = ? ORDER BY key'),
    lease: db.prepare('SELECT 1 FROM lease WHERE id = ?'),
    grant: db.prepare('INSERT INTO lease VALUES (?, ?, ?, ?)'),
    renew: db.prepare('UPDATE lease SET deadline_ms = ttl_ms + ? WHERE id = ?'),
    endLease: db.prepare('DELETE FROM lease WHERE id = ?'),
    // A deadline further ahead than its time to live was set in another boot whose id was not known to differ.
    dueLeases: db.prepare(
      'SELECT id FROM lease WHERE boot_id <> ? OR deadline_ms <= ? OR deadline_ms > ttl_ms + ? + 1000 ORDER BY id',
    ),
    mark: db.prepare('INSERT OR REPLACE INTO mark VALUES (?, ?)'),
  }
}
