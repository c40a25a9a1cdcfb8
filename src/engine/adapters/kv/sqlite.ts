import type { DatabaseSync } from 'node:sqlite'
import { AgolaError } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type {
  GetResult,
  KeyValueStore,
  Lease,
  RangeQuery,
  RangeResult,
  StoreStatus,
  Txn,
  TxnResult,
  WatchBatch,
  WatchQuery,
} from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import { abortable } from '../../std/abortable.ts'
import { checkKey, checkPrefix, checkRange, checkTtl, checkTxn } from './check-request.ts'
import { ClientLease } from './client-lease.ts'
import { type Machine, thisMachine } from './machine.ts'
import { ownCopy } from './own-copy.ts'
import { type Reply, SqliteCommits, type WriterThread } from './sqlite-commits.ts'
import { createConnection } from './sqlite-connection.ts'
import { sqliteError } from './sqlite-error.ts'
import { SqliteReader } from './sqlite-reader.ts'
import type { WriteRequest } from './sqlite-request.ts'
import { SqliteWatches } from './sqlite-watches.ts'
import { storeClosed } from './store-errors.ts'

export interface SqliteKeyValueStoreOptions {
  /** Made with its directory when it is missing. SQLite puts two more files beside it while it is open. */
  file: string
  clock: Clock
  random: Random
  /** Which thread commits; default `auto`. */
  thread?: WriterThread
  /** The store refuses to grow beyond it with `diskFull`. */
  sizeBytesMax?: number
  /** Stands in for the machine's own in tests. */
  machine?: Machine
}

/** How long the main thread may wait for a lock before it leaves the waiting to the worker. */
const mainBusyMsMax = 100
const checkpointBusyMsMax = 1000
/** What automatic compaction keeps: this much time and so many revisions, whichever is more. */
const historyMs = 15 * 60_000
const historyRevisions = 10_000n
const writesPerCompactionCheck = 1000

/** The key-value port in one SQLite file of this host, for any number of processes at once (spec/storage.md 13.3). Opening and
 *  reading happen on the calling thread and take under a millisecond each; an open store that nobody uses costs nothing. */
export class SqliteKeyValueStore implements KeyValueStore {
  readonly #options: SqliteKeyValueStoreOptions
  readonly #machine: Machine
  readonly #db: DatabaseSync
  readonly #reader: SqliteReader
  readonly #commits: SqliteCommits
  readonly #watches: SqliteWatches
  readonly #closed = new AbortController()
  #closing: Promise<void> | undefined
  #writes = 0
  #isCompacting = false

  /** Throws `storeUnusable` for a file that is foreign, damaged, newer, read-only or on a network file system. */
  constructor(options: SqliteKeyValueStoreOptions) {
    const { file, clock, random, sizeBytesMax, thread = 'auto', machine = thisMachine } = options
    this.#options = options
    this.#machine = machine
    this.#db = createConnection({ file, sizeBytesMax, busyMsMax: mainBusyMsMax }, () => random.uuid())
    this.#reader = new SqliteReader(this.#db)
    this.#commits = new SqliteCommits(this.#db, { file, sizeBytesMax, thread, clock, machine }, () =>
      this.#watches.wake(),
    )
    this.#watches = new SqliteWatches({
      file,
      reader: this.#reader,
      clock,
      machine,
      closed: this.#closed.signal,
      expire: () => this.#commits.submit({ type: 'expire' }),
    })
  }

  async get(key: string, options: CallOptions & { revision?: bigint } = {}): Promise<GetResult> {
    checkKey(key)
    this.#check(options)
    const result = this.#read(() => this.#reader.get(key, options.revision))
    if (options.revision !== undefined || !this.#isDue(result.entry?.lease)) return result
    await this.#write({ type: 'expire' }, options)
    return this.#read(() => this.#reader.get(key))
  }

  async range(query: RangeQuery, options: CallOptions = {}): Promise<RangeResult> {
    checkRange(query)
    this.#check(options)
    const result = this.#read(() => this.#reader.range(query))
    if (query.revision !== undefined || !result.entries.some((entry) => this.#isDue(entry.lease))) return result
    await this.#write({ type: 'expire' }, options)
    return this.#read(() => this.#reader.range(query))
  }

  /** One promise for every write, not one for each function on its way: with a fast disk those would be a tenth of its time. */
  txn(request: Txn, options: CallOptions = {}): Promise<TxnResult> {
    const result = new Promise<TxnResult>((resolve, reject) => {
      checkTxn(request)
      this.#check(options)
      const onReply = (reply: Reply) => {
        if (reply.type === 'txn') resolve(reply.result)
        else reject(new AgolaError('assertionFailed', `The writer of the store has answered ${reply.type}.`))
      }
      this.#commits.add({ request: { type: 'txn', txn: ownCopy(request) }, resolve: onReply, reject })
      this.#compactNowAndThen()
    })
    return options.signal ? abortable(result, options.signal) : result
  }

  watch(query: WatchQuery, options: CallOptions = {}): AsyncIterable<WatchBatch> {
    checkPrefix(query.prefix)
    this.#check(options)
    return this.#watches.watch(query, options.signal)
  }

  async lease(ttlMs: number, options: CallOptions = {}): Promise<Lease> {
    checkTtl(ttlMs)
    const id = this.#options.random.uuid()
    const { clock } = this.#options
    const grantedMs = clock.monotonicMs()
    await this.#write({ type: 'grant', lease: id, ttlMs }, options)
    return new ClientLease({ id, ttlMs, grantedMs, closed: this.#closed.signal }, clock, {
      renew: async (call) => void (await this.#write({ type: 'renew', lease: id }, call)),
      revoke: async (call) => void (await this.#write({ type: 'revoke', lease: id }, call)),
    })
  }

  async compact(revision: bigint, options: CallOptions = {}): Promise<void> {
    for (;;) {
      const reply = await this.#write({ type: 'compact', revision }, options)
      if (reply.type !== 'compacted' || reply.finished) return
    }
  }

  async status(options: CallOptions = {}): Promise<StoreStatus> {
    this.#check(options)
    return this.#read(() => this.#reader.status())
  }

  /** Writes that were accepted before are still committed. Leaves one checkpointed file, unless another process has it open. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#closed.abort(storeClosed())
    await this.#commits.close()
    try {
      this.#db.exec(`PRAGMA busy_timeout = ${checkpointBusyMsMax}; PRAGMA wal_checkpoint(TRUNCATE)`)
    } catch (error) {
      // The log stays and is read by the next one who opens the store; nothing is lost.
      if (!(error instanceof Error)) throw error
    } finally {
      this.#db.close()
    }
  }

  #check({ signal }: CallOptions): void {
    this.#closed.signal.throwIfAborted()
    signal?.throwIfAborted()
  }

  #read<T>(read: () => T): T {
    this.#closed.signal.throwIfAborted()
    try {
      return read()
    } catch (error) {
      throw sqliteError(error, this.#options.file, 'read')
    }
  }

  #write(request: WriteRequest, options: CallOptions) {
    this.#check(options)
    const reply = this.#commits.submit(request)
    return options.signal ? abortable(reply, options.signal) : reply
  }

  #isDue(lease: string | null | undefined): boolean {
    if (!lease) return false
    return this.#read(() => this.#reader.isLeaseDue(lease, this.#machine.bootId, this.#machine.monotonicMs()))
  }

  #compactNowAndThen(): void {
    if (this.#writes++ % writesPerCompactionCheck !== 0 || this.#isCompacting || this.#closed.signal.aborted) return
    this.#isCompacting = true
    // Housekeeping: what fails now is tried again after the next writes, and the failure of a store shows in those.
    void this.#compactOld()
      .catch(() => undefined)
      .finally(() => {
        this.#isCompacting = false
      })
  }

  async #compactOld(): Promise<void> {
    const { revision, compactRevision } = this.#reader.status()
    const old = this.#reader.revisionAt(this.#options.clock.now() - historyMs)
    const target = minOf(old, revision - historyRevisions, this.#watches.oldestCursor() ?? revision)
    if (target > compactRevision + historyRevisions / 10n) await this.compact(target)
  }
}

function minOf(...values: bigint[]): bigint {
  return values.reduce((least, value) => (value < least ? value : least))
}
