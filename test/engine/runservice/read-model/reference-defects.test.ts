import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryKeyValueStore } from '../../../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../../../src/engine/adapters/objects/memory.ts'
import type { KeyValueStore, WatchBatch } from '../../../../src/engine/ports/key-value-store.ts'
import type { RunTables } from '../../../../src/engine/ports/run-tables.ts'
import { changesOf } from '../../../../src/engine/runservice/read-model/run-changes.ts'
import { passing, RunningReadModel, runTables } from '../../../support/a-read-model.ts'
import { RunHistory, rowsIn } from '../../../support/a-run-history.ts'
import { silentLog } from '../../../support/a-run-service.ts'
import { FaultyKeyValueStore } from '../../../support/faulty-kv.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { SimClock } from '../../../support/sim-clock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-read-model-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function aWorld() {
  const clock = new SimClock()
  const random = new SeededRandom(1)
  const kv = new MemoryKeyValueStore({ clock, random })
  const objects = new MemoryObjectStorage({ clock })
  const history = await RunHistory.open({ kv, objects, clock, random })
  const { data } = history.archive
  const pass = passing(clock)
  const start = (given: { kv?: KeyValueStore; tables?: RunTables } = {}) =>
    new RunningReadModel({ kv, data, clock, tables: runTables(join(directory, 'tables')), ...given }, pass)
  return { kv, objects, clock, random, history, data, start, pass }
}

/** From queued to away from the active ones: five steps. */
async function archiveOne(history: RunHistory): Promise<void> {
  await history.create()
  for (let step = 0; step < 5; step++) await history.moveOn()
}

const archived = () => rowsIn(join(directory, 'tables')).filter((row) => Object(row).is_active === 0)

/** Defects of the reference that concern copies for lists (spec/storage.md 8), each shown to be absent. */
describe('reference defects', () => {
  it('D6: every wal behind the cursor is applied, whatever has become of it', async () => {
    const { history, start } = await aWorld()
    await archiveOne(history)
    const first = start()
    await first.list()
    await first.end()
    const table = await readdir(join(directory, 'tables'))
    // While nobody follows: one run is in a snapshot, one in the object storage, one in the key-value store alone.
    await archiveOne(history)
    await history.checkpoint()
    await archiveOne(history)
    await history.archive.data.sync()
    await archiveOne(history)
    const second = start()
    expect((await second.list())?.runs.map(({ sequence }) => sequence)).toEqual([4, 3, 2, 1])
    expect(archived()).toHaveLength(4)
    await second.end()
    // It went on with what it had.
    expect(await readdir(join(directory, 'tables'))).toEqual(table)
  })

  it('D7: what is written between the reading of one part and the other, and before the watch, is not lost', async () => {
    const { kv, history, start } = await aWorld()
    for (let count = 0; count < 3; count++) await archiveOne(history)
    let ranges = 0
    const busy = new FaultyKeyValueStore(kv, {})
    const range = busy.range.bind(busy)
    // Each time the active runs are read, one has just been archived and another begins.
    busy.range = async (query, options) => {
      if (ranges++ < 3) await archiveOne(history)
      const result = await range(query, options)
      if (ranges < 3) await history.create()
      return result
    }
    const model = start({ kv: busy })
    const list = await model.list()
    expect(ranges).toBeGreaterThan(0)
    expect(list).toEqual(await history.lists().listRuns({}))
    await model.end()
  })

  it('D7: active and archived runs come over one stream with one cursor, so that none is missing on its way', async () => {
    const { kv, history, start } = await aWorld()
    const watches: unknown[] = []
    const watched = new FaultyKeyValueStore(kv, {})
    const watch = watched.watch.bind(watched)
    watched.watch = (query, options) => {
      watches.push(query.prefix)
      return watch(query, options)
    }
    const model = start({ kv: watched })
    await history.create()
    for (let step = 0; step < 5; step++) {
      expect((await model.list())?.runs).toHaveLength(1)
      await history.moveOn()
    }
    expect((await model.list())?.runs).toMatchObject([{ phase: 'finished' }])
    expect(watches).toEqual([''])
    await model.end()
  })

  it('D8: what was applied already changes nothing when it is applied once more', async () => {
    const { kv, history, data, start } = await aWorld()
    const tables = runTables(join(directory, 'tables'))
    const { storeId, revision } = await kv.status()
    const { generation, lastWal } = await data.feed.position()
    const begin = { storeId, revision, generation, lastWal }
    for (let count = 0; count < 3; count++) await archiveOne(history)
    await history.deleteOne()
    await history.create()
    await history.moveOn()
    const batches: WatchBatch[] = []
    const stop = new AbortController()
    const last = (await kv.status()).revision
    for await (const batch of kv.watch({ prefix: '', from: revision + 1n }, stop)) {
      batches.push(batch)
      if (batch.revision >= last) break
    }
    const table = await tables.create()
    let position = begin
    const apply = async (batch: WatchBatch) => {
      const next = await changesOf(batch, position, { feed: data.feed, log: silentLog }, {})
      if (next === null) throw new Error('the history has a gap')
      await table.change(next.changes, next.position)
      position = next.position
    }
    for (const batch of batches) await apply(batch)
    // Once more from the middle on, as it comes to a table that was read while this was written.
    for (const batch of batches.slice(batches.length / 2)) await apply(batch)
    await table.close()
    const twice = rowsIn(join(directory, 'tables'))
    const model = start()
    await model.list()
    expect(twice).toEqual(rowsIn(join(directory, 'tables')))
    await model.end()
  })

  it('D9: nothing that a thrown away table left beside it reaches the next one', async () => {
    const { history, start } = await aWorld()
    for (let count = 0; count < 3; count++) await archiveOne(history)
    const first = start()
    await first.list()
    await history.import()
    await archiveOne(history)
    await first.list()
    const tables = join(directory, 'tables')
    const names = await readdir(tables)
    const [name = ''] = names.filter((file) => file.endsWith('.sqlite'))
    expect(names.filter((file) => !file.startsWith(name))).toEqual([])
    // A whole and valid log of transactions, as a dead process leaves it, beside the place where its table was.
    await copyFile(join(tables, `${name}-wal`), join(tables, 'kept'))
    await first.end()
    const dead = 'runs-00000000-0000-4000-8000-000000000000.sqlite'
    await copyFile(join(tables, 'kept'), join(tables, `${dead}-wal`))
    await writeFile(join(tables, `${dead}-shm`), 'x')
    await rm(join(tables, name))
    const second = start()
    expect((await second.list())?.runs).toHaveLength(4)
    await second.end()
    expect((await readdir(tables)).filter((file) => file.startsWith(dead))).toEqual([])
  })

  it('D9: a table whose pages are damaged is made again, while lists go on', async () => {
    const { history, start } = await aWorld()
    for (let count = 0; count < 3; count++) await archiveOne(history)
    const first = start()
    await first.list()
    const tables = join(directory, 'tables')
    const [name = ''] = (await readdir(tables)).filter((file) => file.endsWith('.sqlite'))
    const db = new DatabaseSync(join(tables, name))
    db.exec('DROP TABLE run')
    db.close()
    expect(await first.model.listRuns({})).toBeNull()
    expect((await first.list())?.runs).toHaveLength(3)
    expect(await readdir(tables)).not.toContain(name)
    await first.end()
  })
})
