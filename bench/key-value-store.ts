import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client, credentials, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Etcd3 } from 'etcd3'
import { EtcdKeyValueStore } from '../src/engine/adapters/kv/etcd.ts'
import { SqliteKeyValueStore } from '../src/engine/adapters/kv/sqlite.ts'
import { systemClock, systemRandom } from '../src/engine/adapters/system.ts'
import type { KeyValueStore } from '../src/engine/ports/key-value-store.ts'
import { EtcdServer } from '../test/support/etcd-server.ts'
import { type BenchRow, inTurns } from './row.ts'

const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 40)
/** Of each side before anything is timed. What is timed is a store that is in use for a while, not how soon the one code or the other is
 *  compiled: that takes some thousand writes, longer than all turns of a lone writer. */
const warmUpWrites = 5000
const value = new Uint8Array(512).fill(7)
const etcd3Value = Buffer.from(value)
let keys = 0
const newKey = () => `k/${String(keys++).padStart(10, '0')}`

/** Times commits of the key-value stores, each beside the raw thing that it is built on. */
export async function rows(): Promise<BenchRow[]> {
  return [...(await sqliteRows()), ...(await etcdRows())]
}

async function sqliteRows(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const thread of ['main', 'worker'] as const) {
    for (const writers of [1, 16, 64]) {
      const directory = mkdtempSync(join(tmpdir(), 'agola-bench-'))
      const store = new SqliteKeyValueStore({
        file: join(directory, 'port.db'),
        clock: systemClock,
        random: systemRandom,
        thread,
      })
      const raw = new RawSqlite(join(directory, 'raw.db'))
      const count = Math.max(80, writers * 8)
      const [ours, theirs] = [() => create(store), () => raw.create(newKey())]
      await warmUp(ours, theirs)
      const { oursMs, theirsMs } = await inTurns(
        rounds,
        () => spread(writers, count, ours),
        () => spread(writers, count, theirs),
      )
      rows.push({
        work: `SQLite commits, ${writers} writers, thread ${thread}`,
        against: 'group commit on node:sqlite',
        unit: '1/s',
        ours: (count / oursMs) * 1000,
        theirs: (count / theirsMs) * 1000,
        // Handing a commit to a thread pays on disks slow enough to hold up everything else; nothing is promised for others.
        limit: thread === 'main' ? 0.8 : null,
      })
      await store.close()
      raw.close()
      rmSync(directory, { recursive: true })
    }
  }
  return rows
}

async function etcdRows(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const contest of contests) rows.push(...(await etcdContest(contest)))
  return rows
}

interface EtcdClients {
  store: KeyValueStore
  raw: RawEtcd
  etcd3: Etcd3
}

interface Contest {
  work: string
  against: string
  limit: number
  ours: (clients: EtcdClients) => Promise<unknown>
  theirs: (clients: EtcdClients) => Promise<unknown>
}

const contests: Contest[] = [
  { work: 'puts', against: 'raw gRPC', limit: 0.9, ours: ({ store }) => put(store), theirs: ({ raw }) => raw.put() },
  {
    work: 'compare and put',
    against: 'raw gRPC',
    limit: 0.9,
    ours: ({ store }) => create(store),
    theirs: ({ raw }) => raw.create(),
  },
  {
    work: 'puts',
    against: 'etcd3',
    limit: 1,
    ours: ({ store }) => put(store),
    theirs: ({ etcd3 }) => etcd3.put(newKey()).value(etcd3Value).exec(),
  },
  {
    work: 'compare and put',
    against: 'etcd3',
    limit: 1,
    ours: ({ store }) => create(store),
    theirs: ({ etcd3 }) => {
      const key = newKey()
      return etcd3.if(key, 'Version', '==', 0).then(etcd3.put(key).value(etcd3Value)).commit()
    },
  },
]

/** On a server of its own: with what earlier contests have written, it slows down until nothing but the server is measured. */
async function etcdContest({ work, against, limit, ours, theirs }: Contest): Promise<BenchRow[]> {
  const server = await EtcdServer.start()
  const store = await EtcdKeyValueStore.open({ endpoints: [server.endpoint], clock: systemClock, random: systemRandom })
  const raw = new RawEtcd(new URL(server.endpoint).host)
  const etcd3 = new Etcd3({ hosts: server.endpoint })
  const clients = { store, raw, etcd3 }
  const sides = [() => ours(clients), () => theirs(clients)] as const
  const rows: BenchRow[] = []
  try {
    await warmUp(...sides)
    for (const [writers, count] of [
      [1, 30],
      [16, 160],
      [64, 320],
    ] as const) {
      const { oursMs, theirsMs } = await inTurns(
        rounds,
        () => spread(writers, count, sides[0]),
        () => spread(writers, count, sides[1]),
      )
      const [own, other] = [(count / oursMs) * 1000, (count / theirsMs) * 1000]
      rows.push({ work: `etcd ${work}, ${writers} writers`, against, unit: '1/s', ours: own, theirs: other, limit })
    }
    return rows
  } finally {
    etcd3.close()
    raw.close()
    await store.close()
    await server.destroy()
  }
}

async function warmUp(...sides: (() => Promise<unknown>)[]): Promise<void> {
  for (const side of sides) await spread(16, warmUpWrites, side)
}

/** So many writers, each waiting for its answer before it asks again. */
async function spread(writers: number, count: number, write: () => Promise<unknown>): Promise<void> {
  let left = count
  const work = async () => {
    while (left-- > 0) await write()
  }
  await Promise.all(Array.from({ length: writers }, work))
}

function put(store: KeyValueStore) {
  return store.txn({ then: [{ type: 'put', key: newKey(), value }] })
}

function create(store: KeyValueStore) {
  const key = newKey()
  return store.txn({
    compare: [{ key, target: 'version', operator: '=', value: 0 }],
    then: [{ type: 'put', key, value }],
  })
}

/** The least code that does the same work just as safely: all that a turn asks for is one transaction, with synchronous FULL, and in it
 *  for each a compare that reads, the entry and its history. The revision is read, because another process may have written. */
class RawSqlite {
  readonly #db: DatabaseSync
  readonly #sql
  #queue: { key: string; resolve: (revision: number) => void }[] = []

  constructor(file: string) {
    this.#db = new DatabaseSync(file)
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE meta (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL); INSERT INTO meta VALUES (1, 0);
      CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB, create_rev INTEGER, mod_rev INTEGER, version INTEGER, lease TEXT) WITHOUT ROWID;
      CREATE TABLE hist (rev INTEGER, sub INTEGER, key TEXT, value BLOB, create_rev INTEGER, version INTEGER, lease TEXT, PRIMARY KEY (rev, sub)) WITHOUT ROWID;
      CREATE INDEX hist_key ON hist (key, rev)`)
    const db = this.#db
    this.#sql = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      revision: db.prepare('SELECT revision FROM meta'),
      get: db.prepare('SELECT version FROM kv WHERE key = ?'),
      put: db.prepare('INSERT INTO kv VALUES (?, ?, ?, ?, 1, NULL)'),
      event: db.prepare('INSERT INTO hist VALUES (?, 0, ?, ?, ?, 1, NULL)'),
      setRevision: db.prepare('UPDATE meta SET revision = ?'),
      commit: db.prepare('COMMIT'),
    }
  }

  /** Gives its revision once it is committed. */
  create(key: string): Promise<number> {
    return new Promise((resolve) => {
      if (this.#queue.push({ key, resolve }) === 1) process.nextTick(() => this.#commit())
    })
  }

  #commit(): void {
    const queue = this.#queue
    this.#queue = []
    this.#sql.begin.run()
    const before = Number(this.#sql.revision.get()?.revision)
    for (const [index, { key }] of queue.entries()) {
      const revision = before + index + 1
      if (this.#sql.get.get(key) !== undefined) throw new Error(`${key} exists.`)
      this.#sql.put.run(key, value, revision, revision)
      this.#sql.event.run(revision, key, value, revision)
    }
    this.#sql.setRevision.run(before + queue.length)
    this.#sql.commit.run()
    for (const [index, { resolve }] of queue.entries()) resolve(before + index + 1)
  }

  close(): void {
    this.#db.close()
  }
}

/** etcd's own interface description, called with nothing in between. */
class RawEtcd {
  readonly #client: Client
  readonly #service: ServiceDefinition

  constructor(host: string) {
    const folder = join(dirname(createRequire(import.meta.url).resolve('etcd3/package.json')), 'proto')
    const definition = loadSync(join(folder, 'rpc.proto'), {
      keepCase: true,
      longs: String,
      enums: String,
      defaults: true,
    })
    this.#service = definition['etcdserverpb.KV'] as ServiceDefinition
    this.#client = new Client(host, credentials.createInsecure())
  }

  put(): Promise<unknown> {
    return this.#call('Put', { key: Buffer.from(newKey()), value })
  }

  create(): Promise<unknown> {
    const key = Buffer.from(newKey())
    const compare = [{ key, target: 'VERSION', result: 'EQUAL', version: '0' }]
    return this.#call('Txn', { compare, success: [{ request_put: { key, value } }], failure: [] })
  }

  close(): void {
    this.#client.close()
  }

  #call(name: string, request: object): Promise<unknown> {
    const method = this.#service[name]
    if (!method) throw new Error(`etcd has no ${name}.`)
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, answer: unknown) => (error ? reject(error) : resolve(answer))
      this.#client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, done)
    })
  }
}
