import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SqliteKeyValueStore } from '../../../../src/engine/adapters/kv/sqlite.ts'
import { systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'

let directory: string
let file: string
const stores: SqliteKeyValueStore[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-bad-'))
  file = join(directory, 'store.db')
})
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  await rm(directory, { recursive: true })
})

function open(at = file): SqliteKeyValueStore {
  const store = new SqliteKeyValueStore({ file: at, clock: systemClock, random: systemRandom })
  stores.push(store)
  return store
}

async function close(): Promise<void> {
  for (const store of stores.splice(0)) await store.close()
}

const put = (store: SqliteKeyValueStore, key: string, bytes = 1) =>
  store.txn({ then: [{ type: 'put', key, value: new Uint8Array(bytes) }] })

describe('a store file that is not whole', () => {
  test.each([
    ['has lost its id', 'DELETE FROM meta'],
    ['has an empty id', "UPDATE meta SET store_id = ''"],
    ['lacks its entries', 'DROP TABLE kv'],
    ['lacks its history', 'DROP TABLE hist'],
    ['is at a revision that is none', 'UPDATE meta SET revision = -5'],
  ])('that %s is refused as damaged, and nothing is written to it', async (_, sql) => {
    await put(open(), 'a')
    await close()
    const db = new DatabaseSync(file)
    db.exec(`${sql}; PRAGMA wal_checkpoint(TRUNCATE)`)
    db.close()
    const before = await readFile(file)
    const use = async () => {
      const store = open()
      await store.status()
      await store.get('a')
      await put(store, 'b')
    }
    await expect(use()).rejects.toMatchObject({ code: 'storeUnusable', message: expect.stringContaining(file) })
    await close()
    expect(await readFile(file)).toEqual(before)
  })

  // With nobody to hear it, such an error would end the whole process.
  test('ends whoever watches with a word about it, however late it is damaged', async () => {
    const store = open()
    const { revision } = await put(store, 'a')
    const first = store.watch({ prefix: '' })[Symbol.asyncIterator]()
    const second = store.watch({ prefix: 'x', from: revision + 1n })[Symbol.asyncIterator]()
    await first.next()
    const waiting = [first.next(), second.next()]
    const db = new DatabaseSync(file)
    db.exec('DROP TABLE lease')
    db.close()
    const damaged = { code: 'storeUnusable', message: expect.stringContaining(file) }
    for (const end of waiting) await expect(end).rejects.toMatchObject(damaged)
    const third = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    expect((await third.next()).value?.events).toHaveLength(1)
    await expect(third.next()).rejects.toMatchObject(damaged)
  })

  test('fails a watch that reads where it is damaged', async () => {
    const store = open()
    const { revision } = await put(store, 'a')
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    const db = new DatabaseSync(file)
    db.exec('DROP TABLE hist')
    db.close()
    await expect(watch.next()).rejects.toMatchObject({ code: 'storeUnusable', message: expect.stringContaining(file) })
    await expect(watch.next()).resolves.toMatchObject({ done: true })
  })

  test('takes nothing from journal files that another store has left beside it (D9)', async () => {
    const old = open(join(directory, 'old.db'))
    for (let index = 0; index < 50; index++) await put(old, `old/${index}`, 1000)
    // The journal as a killed process leaves it, with the main file gone.
    for (const end of ['-wal', '-shm']) await copyFile(join(directory, `old.db${end}`), `${file}${end}`)
    const store = open()
    await put(store, 'new')
    expect((await store.range({ prefix: '' })).entries.map(({ key }) => key)).toEqual(['new'])
    expect((await store.status()).storeId).not.toBe((await old.status()).storeId)
    await close()
    const db = new DatabaseSync(file)
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    db.close()
  })
})

describe('a place that does not do', () => {
  const asRoot = process.getuid?.() === 0

  async function mounted(options: string[], use: (place: string) => Promise<void>): Promise<void> {
    const place = join(directory, 'mounted')
    await mkdir(place)
    execFileSync('mount', ['-t', 'tmpfs', ...options, 'tmpfs', place])
    try {
      await use(place)
    } finally {
      await close()
      execFileSync('umount', [place])
    }
  }

  test('a read-only file system is refused with a word about it, with and without a store on it', async (context) => {
    if (!asRoot) context.skip('needs root to mount')
    await mounted([], async (place) => {
      await put(open(join(place, 'store.db')), 'a')
      await close()
      execFileSync('mount', ['-o', 'remount,ro', place])
      for (const name of ['store.db', 'other.db']) {
        const refused = { code: 'storeUnusable', message: expect.stringMatching(/writing|read-only/) }
        expect(() => open(join(place, name))).toThrow(expect.objectContaining(refused))
      }
      execFileSync('mount', ['-o', 'remount,rw', place])
      expect((await open(join(place, 'store.db')).get('a')).entry).not.toBeNull()
    })
  })

  test('a disk that fills up refuses what does not fit, keeps what was acknowledged and goes on when there is room', async (context) => {
    if (!asRoot) context.skip('needs root to mount')
    await mounted(['-o', 'size=1m'], async (place) => {
      const store = open(join(place, 'store.db'))
      const acknowledged: string[] = []
      const fill = async () => {
        for (let index = 0; index < 100; index++) {
          await put(store, `k/${index}`, 40_000)
          acknowledged.push(`k/${index}`)
        }
      }
      await expect(fill()).rejects.toMatchObject({ code: 'diskFull', kind: 'unavailable' })
      const kept = async (from: SqliteKeyValueStore) =>
        (await from.range({ prefix: 'k/' })).entries.map(({ key }) => key)
      expect(await kept(store)).toEqual(acknowledged.toSorted())
      execFileSync('mount', ['-o', 'remount,size=8m', place])
      await put(store, 'k/later')
      await close()
      expect(await kept(open(join(place, 'store.db')))).toEqual([...acknowledged, 'k/later'].toSorted())
    })
  })

  test('a disk that is full before the first write leaves no store that is half made', async (context) => {
    if (!asRoot) context.skip('needs root to mount')
    await mounted(['-o', 'size=64k'], async (place) => {
      const ballast = join(place, 'ballast')
      await writeFile(ballast, new Uint8Array(60_000))
      expect(() => open(join(place, 'store.db'))).toThrow(expect.objectContaining({ code: 'diskFull' }))
      await rm(ballast)
      execFileSync('mount', ['-o', 'remount,size=1m', place])
      await put(open(join(place, 'store.db')), 'a')
    })
  })
})
