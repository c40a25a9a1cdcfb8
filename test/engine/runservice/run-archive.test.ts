import { describe, expect, it, test } from 'vitest'
import { MemoryKeyValueStore } from '../../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import { newRun } from '../../../src/engine/decide/new-run.ts'
import type { Run } from '../../../src/engine/model/run.ts'
import type { RunQuery } from '../../../src/engine/ports/run-service.ts'
import { DataRunArchive } from '../../../src/engine/runservice/data-run-archive.ts'
import type { RunArchive } from '../../../src/engine/runservice/run-archive.ts'
import { aRunConfig } from '../../support/a-run-config.ts'
import { aRunService, silentLog, startRun, untilArchived } from '../../support/a-run-service.ts'
import { MemoryRunArchive } from '../../support/memory-run-archive.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

const archives: Record<string, () => Promise<RunArchive & { checkpoint?: () => Promise<unknown> }>> = {
  'in memory': async () => new MemoryRunArchive(aKv()),
  'in the data manager': openData,
  'in the data manager, from a snapshot': async () => {
    const archive = await openData()
    return Object.assign(archive, { checkpoint: () => archive.data.checkpoint({ force: true }) })
  },
}

function aKv(): MemoryKeyValueStore {
  return new MemoryKeyValueStore({ clock: new SimClock(), random: new SeededRandom(1) })
}

function openData(): Promise<DataRunArchive> {
  const clock = new SimClock()
  const random = new SeededRandom(1)
  const kv = aKv()
  return DataRunArchive.open({ kv, objects: new MemoryObjectStorage({ clock }), clock, random, log: silentLog })
}

/** Ten runs of one root group, five in each of two branches, every third still queued; and one of another user. */
async function filled(open: () => Promise<RunArchive & { checkpoint?: () => Promise<unknown> }>): Promise<RunArchive> {
  const archive = await open()
  for (let n = 1; n <= 10; n++) await archive.putRun(aRun(n, `/user/u1/branch/${n % 2 === 0 ? 'even' : 'odd'}`))
  await archive.putRun({ ...aRun(11, '/user/u2/branch/even'), counter: 1 })
  await archive.checkpoint?.()
  return archive
}

function aRun(n: number, group: string): Run {
  const config = { ...aRunConfig([{ name: 'a' }]), group }
  const run = newRun(config, { runId: `id-${n}`, runConfigId: config.id, counter: n, sequence: n }, 0)
  if (n % 3 === 0) return run
  return { ...run, phase: 'finished', result: n % 2 === 0 ? 'success' : 'failed' }
}

describe.each(Object.entries(archives))('runs archived %s', (_name, open) => {
  async function check(query: RunQuery, sequences: number[], more = false): Promise<void> {
    const list = await (await filled(open)).listRuns(query)
    expect({ runs: list.runs.map((run) => run.sequence), more: list.more }).toEqual({ runs: sequences, more })
  }
  const root = { groups: ['/user/u1'] }
  const newestFirst = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]

  it('are listed newest first, or oldest first', async () => {
    await check(root, newestFirst)
    await check({ ...root, ascending: true }, newestFirst.toReversed())
    await check({}, [11, ...newestFirst])
  })

  it('are listed in pages', async () => {
    await check({ ...root, limit: 2 }, [10, 9], true)
    await check({ ...root, limit: 2, after: 9 }, [8, 7], true)
    await check({ ...root, limit: 10 }, newestFirst)
    await check({ ...root, limit: 2, after: 3 }, [2, 1])
  })

  it('are listed from a run on, in both directions', async () => {
    await check({ ...root, after: 3, ascending: true }, [4, 5, 6, 7, 8, 9, 10])
    await check({ ...root, after: 3 }, [2, 1])
  })

  it('are listed by phase and result', async () => {
    await check({ ...root, phases: ['finished'] }, [10, 8, 7, 5, 4, 2, 1])
    await check({ ...root, results: ['failed'] }, [7, 5, 1])
    await check({ ...root, phases: ['finished'], results: ['failed'], limit: 2 }, [7, 5], true)
    await check({ ...root, phases: ['queued', 'finished'], results: ['unknown', 'success'] }, [10, 9, 8, 6, 4, 3, 2])
  })

  it('are listed by group, from the whole path or a part of it', async () => {
    await check({ groups: ['/user/u1/branch/even'] }, [10, 8, 6, 4, 2])
    await check({ groups: ['/user/u1/branch/even/'] }, [10, 8, 6, 4, 2])
    await check({ groups: ['/user/u1/branch'] }, newestFirst)
    await check({ groups: ['/user'] }, [11, ...newestFirst])
    await check({ groups: ['/user/u1/branch/ev'] }, [])
    await check({ groups: ['/user/u1/branch/even', '/user/u2'], limit: 2 }, [11, 10], true)
  })

  it('are found by their number within their root group', async () => {
    const archive = await filled(open)
    expect(await archive.findRun('u1', 10)).toBe('id-10')
    expect(await archive.findRun('u1', 1)).toBe('id-1')
    expect(await archive.findRun('u2', 1)).toBe('id-11')
    expect(await archive.findRun('u2', 2)).toBeNull()
  })

  it('are read as they were put, and may be put again', async () => {
    const archive = await filled(open)
    const run = { ...aRun(4, '/user/u1/branch/even'), archived: true }
    await archive.putRun(run)
    expect(await archive.getRun('id-4')).toEqual(run)
    expect(await archive.getRun('id-99')).toBeNull()
    const config = aRunConfig([{ name: 'a' }])
    await archive.putRunConfig(config)
    expect(await archive.getRunConfig(config.id)).toEqual(config)
    expect(await archive.getRunConfig('none')).toBeNull()
  })

  it('are gone from every list once they are deleted, with their run config', async () => {
    const archive = await filled(open)
    const config = { ...aRunConfig([{ name: 'a' }]), id: 'own' }
    await archive.putRunConfig(config)
    await archive.putRun({ ...aRun(4, '/user/u1/branch/even'), runConfigId: config.id })
    await archive.deleteRun({ id: 'id-4', runConfigId: config.id })
    await archive.deleteRun({ id: 'id-4', runConfigId: config.id })
    expect(await archive.getRun('id-4')).toBeNull()
    expect(await archive.getRunConfig(config.id)).toBeNull()
    expect(await archive.findRun('u1', 4)).toBeNull()
    const listed = await archive.listRuns({ groups: ['/user/u1'] })
    expect(listed.runs.map((run) => run.sequence)).toEqual([10, 9, 8, 7, 6, 5, 3, 2, 1])
  })

  it('stay when a condition of their deletion fails', async () => {
    const archive = await filled(open)
    const run = { id: 'id-4', runConfigId: 'none' }
    const absent = { key: 'other', target: 'modRevision', operator: '=' } as const
    await expect(archive.deleteRun(run, { compare: [{ ...absent, value: 99n }] })).rejects.toMatchObject({
      code: 'concurrentUpdate',
    })
    expect(await archive.getRun('id-4')).not.toBeNull()
    await archive.deleteRun(run, { compare: [{ ...absent, value: 0n }] })
    expect(await archive.getRun('id-4')).toBeNull()
  })
})

test('a run service that ends leaves the maintenance of its archive to others at once', async () => {
  const clock = new SimClock()
  const random = new SeededRandom(1)
  const kv = new MemoryKeyValueStore({ clock, random })
  const stores = { kv, objects: new MemoryObjectStorage({ clock }), clock, random, log: silentLog }
  const { runService } = await aRunService({ ...stores, archive: await DataRunArchive.open(stores) })
  await runService.start()
  await clock.advance(1)
  const leaders = async () => (await kv.range({ prefix: 'datamanager/leader' })).entries.length
  expect(await leaders()).toBe(1)
  await runService.close()
  expect(await leaders()).toBe(0)
})

test('a run service that ends leaves nothing in the key-value store alone: the newest run too is back after its loss', async () => {
  const clock = new SimClock()
  const random = new SeededRandom(1)
  const objects = new MemoryObjectStorage({ clock })
  const shared = { objects, clock, random, log: silentLog }
  const kv = new MemoryKeyValueStore({ clock, random })
  const archive = await DataRunArchive.open({ kv, ...shared })
  const { runService, executor } = await aRunService({ kv, ...shared, archive })
  const { id } = await startRun(runService, [{ name: 'a' }])
  await executor.finish('a')
  const run = await untilArchived(runService, id)
  await runService.close()
  const restored = await DataRunArchive.open({ kv: new MemoryKeyValueStore({ clock, random }), ...shared })
  expect(await restored.getRun(id)).toEqual(run)
  expect(await restored.getRunConfig(run.runConfigId)).not.toBeNull()
  expect((await restored.listRuns({})).runs.map((each) => each.id)).toEqual([id])
})
