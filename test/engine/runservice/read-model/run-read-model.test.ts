import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryKeyValueStore } from '../../../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../../../src/engine/adapters/objects/memory.ts'
import { DataRunArchive } from '../../../../src/engine/runservice/data-run-archive.ts'
import { RunReadModel } from '../../../../src/engine/runservice/read-model/run-read-model.ts'
import { passing, RunningReadModel, runTables } from '../../../support/a-read-model.ts'
import { RunHistory } from '../../../support/a-run-history.ts'
import { aCreateRequest, aRunService, silentLog, startRun, untilArchived } from '../../../support/a-run-service.ts'
import { FaultyKeyValueStore } from '../../../support/faulty-kv.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { SimClock, settled } from '../../../support/sim-clock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-read-model-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** A copy whose stream of changes a test can hold back. */
async function heldBack() {
  const clock = new SimClock()
  const random = new SeededRandom(1)
  const kv = new MemoryKeyValueStore({ clock, random })
  const history = await RunHistory.open({ kv, objects: new MemoryObjectStorage({ clock }), clock, random })
  const gate = { held: Promise.resolve() }
  const slow = new FaultyKeyValueStore(kv, {})
  slow.watch = async function* (query, options) {
    for await (const batch of kv.watch(query, options)) {
      await gate.held
      yield batch
    }
  }
  const { data } = history.archive
  const running = new RunningReadModel({ kv: slow, data, tables: runTables(directory), clock }, passing(clock))
  await running.list()
  return { clock, history, gate, running }
}

describe('a list from a copy of the runs', () => {
  it('waits for what was written before it was asked for', async () => {
    const { history, gate, running } = await heldBack()
    const released = Promise.withResolvers<void>()
    gate.held = released.promise
    await history.create()
    let isListed = false
    const listing = running.model.listRuns({}).finally(() => {
      isListed = true
    })
    for (let turn = 0; turn < 5; turn++) await settled()
    expect(isListed).toBe(false)
    released.resolve()
    expect((await listing)?.runs).toHaveLength(1)
    await running.end()
  })

  it('is left to the stores when the copy is far behind, or of data that was replaced', async () => {
    const { clock, history, gate, running } = await heldBack()
    const released = Promise.withResolvers<void>()
    gate.held = released.promise
    await history.create()
    const listing = running.model.listRuns({})
    await settled()
    await clock.advance(2000)
    expect(await listing).toBeNull()
    await history.import()
    expect(await running.model.listRuns({})).toBeNull()
    released.resolve()
    expect((await running.list())?.runs).toHaveLength(1)
    await running.end()
  })

  it('is no longer waited for once its signal is aborted', async () => {
    const { history, gate, running } = await heldBack()
    const released = Promise.withResolvers<void>()
    gate.held = released.promise
    await history.create()
    const abort = new AbortController()
    const listing = running.model.listRuns({}, { signal: abort.signal })
    await settled()
    abort.abort(new Error('nobody waits'))
    await expect(listing).rejects.toThrow('nobody waits')
    released.resolve()
    await running.end()
  })
})

describe('a run service with a copy of its runs', () => {
  it('lists the same with it, before it is made and after', async () => {
    const clock = new SimClock()
    const random = new SeededRandom(1)
    const kv = new MemoryKeyValueStore({ clock, random })
    const stores = { kv, objects: new MemoryObjectStorage({ clock }), clock, random, log: silentLog }
    const archive = await DataRunArchive.open(stores)
    const tables = runTables(directory)
    const readModel = new RunReadModel({ kv: kv.another(), data: archive.data, tables, clock, log: silentLog })
    const { runService, executor } = await aRunService({ ...stores, archive, readModel })
    const { id } = await startRun(runService, [{ name: 'a' }])
    await executor.finish('a')
    await untilArchived(runService, id)
    const queued = await runService.createRun(aCreateRequest([]))
    const expected = await runService.listRuns({})
    expect(expected.runs.map((run) => run.id)).toEqual([queued.run.id, id])
    await runService.start()
    let copied = null
    while (copied === null) {
      await clock.advance(10)
      copied = await readModel.listRuns({})
    }
    expect(copied).toEqual(expected)
    await archive.data.close()
    await archive.putRun({ ...(await runService.getRun(id)).run, name: 'as the copy has it' })
    expect((await runService.listRuns({ phases: ['finished'] })).runs.map(({ name }) => name)).toEqual([
      'as the copy has it',
    ])
    await runService.close()
    expect(await readModel.listRuns({})).toBeNull()
    const again = await tables.open()
    const { generation, lastWal } = await archive.data.feed.position()
    expect(again?.position).toMatchObject({ generation, lastWal })
    await again?.close()
  })
})
