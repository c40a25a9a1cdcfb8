import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SqliteKeyValueStore, type SqliteKeyValueStoreOptions } from '../../../../src/engine/adapters/kv/sqlite.ts'
import { SqliteCommits } from '../../../../src/engine/adapters/kv/sqlite-commits.ts'
import {
  createConnection,
  networkFileSystemOf,
  openConnection,
} from '../../../../src/engine/adapters/kv/sqlite-connection.ts'
import { SqliteThread, workerFile } from '../../../../src/engine/adapters/kv/sqlite-thread.ts'
import type { KeyValueStore, Op } from '../../../../src/engine/ports/key-value-store.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { SkippingClock } from '../../../support/skipping-clock.ts'

let directory: string
let file: string
let clock: SkippingClock
let opened: SqliteKeyValueStore[]
let bootId: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-sqlite-'))
  file = join(directory, 'store.db')
  clock = new SkippingClock()
  opened = []
  bootId = 'first boot'
})
afterEach(async () => {
  for (const store of opened) await store.close()
  await chmod(directory, 0o700)
  await rm(directory, { recursive: true })
})

function open(options: Partial<SqliteKeyValueStoreOptions> = {}): SqliteKeyValueStore {
  const machine = { bootId, monotonicMs: () => clock.monotonicMs() }
  const store = new SqliteKeyValueStore({ file, clock, random: new SeededRandom(opened.length), machine, ...options })
  opened.push(store)
  return store
}

const putOp = (key: string, value: string | Uint8Array = '', lease?: string): Op => ({
  type: 'put',
  key,
  value: typeof value === 'string' ? new TextEncoder().encode(value) : value,
  ...(lease !== undefined && { lease }),
})
const put = (store: KeyValueStore, ...args: Parameters<typeof putOp>) => store.txn({ then: [putOp(...args)] })

/** Calls `work` right after a commit of the connection, once, when the returned function was called before. */
function afterCommit(db: DatabaseSync, work: () => void): () => void {
  let isDue = false
  const prepare = db.prepare.bind(db)
  db.prepare = (sql: string) => {
    const statement = prepare(sql)
    if (sql !== 'COMMIT') return statement
    const get = statement.get.bind(statement)
    statement.get = () => {
      const row = get()
      if (isDue) work()
      isDue = false
      return row
    }
    return statement
  }
  return () => {
    isDue = true
  }
}

describe('the file', () => {
  // What was acknowledged must survive a power cut; else revisions go back while cursors are ahead.
  test('is synced at every commit, by the connection of the main thread and by that of the worker', () => {
    const connections = [createConnection({ file, busyMsMax: 1 }, () => 'id'), openConnection({ file, busyMsMax: 1 })]
    const fully = { synchronous: 2 }
    expect(connections.map((db) => db.prepare('PRAGMA synchronous').get())).toEqual([fully, fully])
    for (const db of connections) db.close()
  })

  test('is made with its directory, for its owner only', async () => {
    const nested = join(directory, 'a', 'b', 'store.db')
    await put(open({ file: nested }), 'k')
    expect((await stat(nested)).mode & 0o777).toBe(0o600)
  })

  test('keeps everything over closing and opening, the id too', async () => {
    const store = open()
    const { revision } = await put(store, 'k', 'v')
    const { storeId } = await store.status()
    await store.close()
    const again = open()
    expect(await again.status()).toMatchObject({ storeId, revision })
    expect((await again.get('k')).entry).toMatchObject({ version: 1, modRevision: revision })
  })

  test('is alone and whole after closing: a copy of it is a copy of the store', async () => {
    const store = open({ thread: 'worker' })
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(store, `k${index}`)))
    await store.close()
    await expect(stat(`${file}-wal`)).rejects.toMatchObject({ code: 'ENOENT' })
    await cp(file, join(directory, 'copy.db'))
    const copy = open({ file: join(directory, 'copy.db') })
    expect((await copy.range({ prefix: 'k' })).entries).toHaveLength(50)
  })

  test('closing commits the writes that were accepted', async () => {
    for (const thread of ['main', 'worker'] as const) {
      const store = open({ thread })
      const writes = Array.from({ length: 20 }, (_, index) => put(store, `${thread}${index}`))
      const closed = store.close()
      await Promise.all(writes)
      await closed
      expect((await open().range({ prefix: thread })).entries).toHaveLength(20)
    }
  })

  test('is refused when it is no database', async () => {
    await writeFile(file, 'just some text, and rather more than the sixteen bytes of a header\n'.repeat(50))
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'storeUnusable', message: expect.stringContaining('no SQLite database') }),
    )
    expect(await readFile(file, 'utf8')).toContain('just some text')
  })

  test('is refused and left alone when it is a database of another program', async () => {
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE notes (text)')
    other.close()
    const before = await readFile(file)
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'storeUnusable', message: expect.stringContaining('another program') }),
    )
    expect(await readFile(file)).toEqual(before)
  })

  test('is refused when a newer version wrote it', async () => {
    await open().close()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'storeUnusable', message: expect.stringContaining('Update agola') }),
    )
  })

  test('is refused when it is damaged, and the message says what to do', async () => {
    const store = open()
    for (let index = 0; index < 200; index++) await put(store, `k${index}`, new Uint8Array(2000))
    await store.close()
    const bytes = await readFile(file)
    bytes.fill(0xa5, 4096)
    await writeFile(file, bytes)
    const use = async () => {
      const damaged = open()
      await damaged.range({ prefix: '' })
      await put(damaged, 'k')
    }
    await expect(use()).rejects.toMatchObject({ code: 'storeUnusable', message: expect.stringContaining('damaged') })
  })

  test('is refused as a directory, and where nothing can be written', async () => {
    await mkdir(join(directory, 'store.db'))
    expect(() => open()).toThrow(expect.objectContaining({ code: 'storeUnusable' }))
    expect(() => open({ file: '/proc/store.db' })).toThrow(expect.objectContaining({ code: 'storeUnusable' }))
  })

  test('network file systems are told by their number, sign-extended or not', () => {
    expect(networkFileSystemOf(0x6969)).toBe('NFS')
    expect(networkFileSystemOf(-11317950)).toBe('CIFS')
    expect(networkFileSystemOf(0xef53)).toBeUndefined()
  })
})

describe('a thread of its own', () => {
  test.each([
    { tookMs: 10, pauseMs: 50, threads: 0, what: 'not where commits hold up this thread now and then' },
    { tookMs: 1, pauseMs: 0, threads: 0, what: 'not for commits that are fast, one after the other' },
    { tookMs: 10, pauseMs: 10, threads: 1, what: 'where they do most of the time' },
  ])('comes $what', async ({ tookMs, pauseMs, threads }) => {
    let started = 0
    const onWorker = () => started++
    process.on('worker', onWorker)
    const watch = new SkippingClock()
    // Read at the beginning and at the end of every commit.
    let reads = 0
    let nowMs = 0
    watch.monotonicMs = () => {
      nowMs += reads++ % 2 === 0 ? pauseMs : tookMs
      return nowMs
    }
    const store = open({ clock: watch, machine: { bootId, monotonicMs: () => 0 } })
    for (let count = 0; count < 200 && started === 0; count++) await put(store, `k${count}`)
    process.off('worker', onWorker)
    expect(started).toBe(threads)
  })
})

describe('failures', () => {
  test.each(['main', 'worker'] as const)(
    'a full disk refuses the write and keeps all before it (%s thread)',
    async (thread) => {
      const store = open({ sizeBytesMax: 400_000, thread })
      await put(store, 'kept', 'v')
      const large = new Uint8Array(300_000)
      const results = await Promise.allSettled([
        put(store, 'large1', large),
        put(store, 'small'),
        put(store, 'large2', large),
      ])
      const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'fine'))
      expect(codes).toContain('diskFull')
      expect(codes[1]).toBe('fine')
      await store.close()
      const { entries } = await open().range({ prefix: '' })
      expect(entries.map(({ key }) => key)).toEqual(expect.arrayContaining(['kept', 'small']))
      expect(entries).toHaveLength(2 + codes.filter((code) => code === 'fine').length - 1)
    },
  )

  test('one refused request does not harm those that are committed with it', async () => {
    const store = open()
    const results = await Promise.allSettled([put(store, 'a'), put(store, 'b', '', 'no such lease'), put(store, 'c')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await store.range({ prefix: '' })).entries.map(({ key }) => key)).toEqual(['a', 'c'])
  })

  test('what was committed alone, because its batch did not fit, is answered though the lock is lost before the next', async () => {
    const sizeBytesMax = 400_000
    const db = createConnection({ file, busyMsMax: 0, sizeBytesMax }, () => 'id')
    const other = new DatabaseSync(file)
    const lockOnce = afterCommit(db, () => other.exec('BEGIN IMMEDIATE'))
    const machine = { bootId, monotonicMs: () => 0 }
    const settings = { file, sizeBytesMax, thread: 'main' as const, clock, machine }
    const commits = new SqliteCommits(db, settings, () => undefined)
    const create = (key: string, value: Uint8Array) => {
      const compare = [{ key, target: 'version' as const, operator: '=' as const, value: 0 }]
      return commits.submit({ type: 'txn', txn: { compare, then: [putOp(key, value)] } })
    }
    lockOnce()
    const answers = Promise.allSettled([
      create('a', new Uint8Array()),
      create('b', new Uint8Array()),
      create('large', new Uint8Array(600_000)),
    ])
    await new Promise((resolve) => setTimeout(resolve, 50))
    other.exec('ROLLBACK')
    expect(await answers).toMatchObject([
      { status: 'fulfilled', value: { result: { succeeded: true } } },
      { status: 'fulfilled', value: { result: { succeeded: true } } },
      { status: 'rejected', reason: { code: 'diskFull' } },
    ])
    await commits.close()
    other.close()
    db.close()
  })

  test.each(['auto', 'main', 'worker'] as const)(
    'waits while another process holds the lock (%s thread)',
    async (thread) => {
      const store = open({ thread })
      await put(store, 'a')
      const other = new DatabaseSync(file)
      other.exec('BEGIN IMMEDIATE')
      let isDone = false
      const written = put(store, 'b').then(() => {
        isDone = true
      })
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(isDone).toBe(false)
      other.exec('COMMIT')
      await written
      other.close()
    },
  )

  test('gives up on a lock that nobody releases, and nothing is written', async () => {
    const store = open({ thread: 'main' })
    await put(store, 'a')
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    const written = put(store, 'b')
    const patience = setInterval(() => clock.skip(10_000), 20)
    await expect(written).rejects.toMatchObject({
      code: 'storeUnreachable',
      message: expect.stringContaining('locked'),
    })
    clearInterval(patience)
    other.close()
    expect((await store.get('b')).entry).toBeNull()
  })

  test('a writer thread that dies leaves unknown outcomes', async () => {
    await open().close()
    const url = workerFile()
    if (url === undefined) throw new Error('The worker is missing.')
    const thread = new SqliteThread(url, { file, bootId, sizeBytesMax: undefined })
    await thread.ready
    const request = { type: 'txn' as const, txn: { then: [putOp('a')] } }
    const answer = thread.apply({ requests: [request], monotonicMs: 0, wallMs: 0 })
    await thread.terminate()
    await answer.then(
      (replies) => expect(replies).toMatchObject([{ type: 'txn' }]),
      (error) => expect(error).toMatchObject({ code: 'outcomeUnknown' }),
    )
    expect(thread.isEnded).toBe(true)
    await thread.close()
  })
})

test('a writer that asks again as soon as it is answered leaves I/O its turn', async () => {
  const store = open({ thread: 'main' })
  let hadItsTurn = false
  setImmediate(() => {
    hadItsTurn = true
  })
  let writes = 0
  while (!hadItsTurn && writes < 1000) await put(store, `k/${writes++}`)
  expect(writes).toBeLessThan(100)
})

describe('leases and the machine', () => {
  test('a reboot ends every lease of the boot before', async () => {
    const store = open()
    const lease = await store.lease(600_000)
    await put(store, 'a', '', lease.id)
    await store.close()
    bootId = 'second boot'
    expect((await open().get('a')).entry).toBeNull()
  })

  test('a monotonic clock that has started anew ends them too, even if the boot has no name', async () => {
    const store = open()
    const lease = await store.lease(5000)
    await put(store, 'a', '', lease.id)
    const sooner = { bootId, monotonicMs: () => clock.monotonicMs() - 1_000_000 }
    await put(open({ machine: sooner }), 'b')
    expect((await store.get('a')).entry).toBeNull()
  })

  test('the wall clock may jump either way', async () => {
    const store = open({ clock: { ...clockParts(), now: () => 0 } })
    const lease = await store.lease(5000)
    await put(store, 'a', '', lease.id)
    const jumped = open({ clock: { ...clockParts(), now: () => Date.UTC(2100, 0, 1) } })
    expect((await jumped.get('a')).entry).not.toBeNull()
    await lease.keepAlive()
    clock.skip(5000)
    expect((await jumped.get('a')).entry).toBeNull()
    expect((await jumped.range({ prefix: '' })).entries).toEqual([])
  })

  function clockParts() {
    return {
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    }
  }
})

describe('history', () => {
  test('is compacted by itself once it is old and long, but never past a watcher of this process', async () => {
    const store = open({ thread: 'main' })
    const { revision } = await put(store, 'first')
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    await watch.next()
    const write = async (count: number) => {
      for (let sent = 0; sent < count; sent += 500) {
        await Promise.all(Array.from({ length: 500 }, () => put(store, 'k')))
        clock.skip(61_000)
      }
    }
    await write(14_500)
    expect((await store.status()).compactRevision).toBe(0n)
    for (;;) {
      const { value } = await watch.next()
      if (value && value.revision >= revision + 14_500n) break
    }
    await watch.return?.()
    await write(2500)
    const { compactRevision, revision: last } = await store.status()
    expect(compactRevision).toBeGreaterThan(0n)
    expect(last - compactRevision).toBeGreaterThanOrEqual(10_000n)
  })

  test('a slow watcher whose history is compacted under it is told so, with what is left', async () => {
    const store = open()
    const { revision } = await put(store, 'a')
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    expect((await watch.next()).value?.events).toHaveLength(1)
    await put(store, 'b')
    const last = await put(store, 'c')
    await store.compact(last.revision)
    await expect(watch.next()).rejects.toMatchObject({
      code: 'revisionCompacted',
      details: { minRevision: String(last.revision + 1n) },
    })
  })
})
