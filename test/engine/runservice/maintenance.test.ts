import { describe, expect, it } from 'vitest'
import { MemoryKeyValueStore } from '../../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import { DataRunArchive } from '../../../src/engine/runservice/data-run-archive.ts'
import { importRuns } from '../../../src/engine/runservice/import-runs.ts'
import { MaintenanceMode } from '../../../src/engine/runservice/maintenance-mode.ts'
import { aCreateRequest, aRunService, silentLog, startRun, untilArchived } from '../../support/a-run-service.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

/** A run service over a real archive in memory. */
async function world(seed = 1) {
  const clock = new SimClock()
  const random = new SeededRandom(seed)
  const kv = new MemoryKeyValueStore({ clock, random })
  const objects = new MemoryObjectStorage({ clock })
  const archive = await DataRunArchive.open({ kv, objects, clock, random, log: silentLog })
  const service = await aRunService({ kv, objects, archive, clock, random })
  const mode = new MaintenanceMode({ kv, clock })
  const { runService, executor } = service
  const finish = async () => {
    executor.tasks.clear()
    const { id } = await startRun(runService, [{ name: 'a' }])
    await executor.finish('a')
    return await untilArchived(runService, id)
  }
  const numbers = async () => (await runService.listRuns({})).runs.map(({ counter }) => counter)
  const exported = async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of archive.data.export()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const load = (data: Uint8Array) => importRuns({ kv, archive, clock }, () => chunksOf(data))
  return { runService, executor, kv, clock, archive, mode, finish, numbers, exported, load }
}

async function* chunksOf(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 100) yield data.subarray(at, at + 100)
}

describe('a store in maintenance', () => {
  it('takes no new runs from any process, and lets those under way end', async () => {
    const { runService, executor, kv, clock, finish } = await world()
    const done = await finish()
    executor.tasks.clear()
    const run = await startRun(runService, [{ name: 'b' }])
    expect(await new MaintenanceMode({ kv: kv.another(), clock }).enable()).toBe(true)
    const refused = { code: 'inMaintenance', message: expect.stringContaining('agola maintenance disable') }
    await expect(runService.createRun(aCreateRequest([]))).rejects.toMatchObject(refused)
    await expect(runService.restartRun({ runId: done.id, fromStart: true, environment: {} })).rejects.toMatchObject(
      refused,
    )
    await executor.finish('b')
    expect(await untilArchived(runService, run.id)).toMatchObject({ phase: 'finished', result: 'success' })
  })

  it('takes runs again afterwards, with the next number', async () => {
    const { runService, mode, finish } = await world()
    await finish()
    await mode.enable()
    await expect(runService.createRun(aCreateRequest([]))).rejects.toMatchObject({ code: 'inMaintenance' })
    expect(await mode.disable()).toBe(true)
    expect((await runService.createRun(aCreateRequest([]))).run.counter).toBe(2)
  })

  it('refuses the run that is just being stored when maintenance begins', async () => {
    const { runService, kv, mode } = await world()
    const txn = kv.txn.bind(kv)
    kv.txn = async (request, options) => {
      const isCreation = request.then.some((op) => op.type === 'put' && op.key.startsWith('runservice/runs/'))
      if (isCreation) {
        kv.txn = txn
        await mode.enable()
      }
      return await txn(request, options)
    }
    await expect(runService.createRun(aCreateRequest([]))).rejects.toMatchObject({ code: 'inMaintenance' })
    expect((await mode.status()).activeRuns).toBe(0)
  })

  it('says since when, and how many runs are under way; enabling twice changes nothing', async () => {
    const { runService, clock, mode } = await world()
    expect(await mode.status()).toEqual({ since: null, activeRuns: 0 })
    expect(await mode.disable()).toBe(false)
    await startRun(runService, [{ name: 'a' }])
    const since = clock.now()
    expect(await mode.enable()).toBe(true)
    await clock.advance(1000)
    expect(await mode.enable()).toBe(false)
    expect(await mode.status()).toEqual({ since, activeRuns: 1 })
  })
})

describe('an import', () => {
  it('replaces all runs by those of the export, whose numbers are not given again', async () => {
    const from = await world(1)
    for (let n = 0; n < 3; n++) await from.finish()
    const to = await world(2)
    await to.finish()
    await to.mode.enable()
    expect(await to.load(await from.exported())).toBe(3)
    await to.mode.disable()
    expect(await to.numbers()).toEqual([3, 2, 1])
    expect((await to.finish()).counter).toBe(4)
    const [newest] = (await from.runService.listRuns({ limit: 1 })).runs
    expect((await to.runService.getRun(newest?.id ?? '')).runConfig.tasks).toHaveProperty('a')
  })

  it('never lowers a number that was given away', async () => {
    const from = await world(1)
    await from.finish()
    const to = await world(2)
    for (let n = 0; n < 3; n++) await to.finish()
    await to.mode.enable()
    await to.load(await from.exported())
    await to.mode.disable()
    expect(await to.numbers()).toEqual([1])
    expect((await to.finish()).counter).toBe(4)
  })

  it('needs maintenance, and the end of every run', async () => {
    const { runService, executor, mode, exported, load, finish } = await world()
    await finish()
    const data = await exported()
    await expect(load(data)).rejects.toMatchObject({ code: 'notInMaintenance' })
    executor.tasks.clear()
    const { id } = await startRun(runService, [{ name: 'b' }])
    await mode.enable()
    await expect(load(data)).rejects.toMatchObject({ code: 'notReady', message: expect.stringContaining('one run is') })
    await executor.finish('b')
    await untilArchived(runService, id)
    expect(await load(data)).toBe(1)
  })

  it.each([
    ['ends', false],
    ['ends and begins again', true],
  ])('changes no run when the maintenance %s before the switch', async (_name, beginsAgain) => {
    const { runService, kv, archive, clock, mode, exported, finish, numbers } = await world()
    await finish()
    const data = await exported()
    await finish()
    await mode.enable()
    let reads = 0
    async function* slowly(): AsyncGenerator<Uint8Array> {
      reads++
      yield* chunksOf(data)
      if (reads === 2) return
      await mode.disable()
      if (beginsAgain) await mode.enable()
    }
    await expect(importRuns({ kv, archive, clock }, slowly)).rejects.toMatchObject({
      code: 'notInMaintenance',
      message: expect.stringContaining('ended during the import'),
    })
    expect(await numbers()).toEqual([2, 1])
    await mode.disable()
    expect((await runService.createRun(aCreateRequest([]))).run.counter).toBe(3)
  })

  it('leaves its config to a run that was about to be stored when the maintenance began, and is stored after it', async () => {
    const { runService, kv, mode, exported, load, finish, archive } = await world()
    await finish()
    const data = await exported()
    const txn = kv.txn.bind(kv)
    kv.txn = async (request, options) => {
      if (request.then.some((op) => op.type === 'put' && op.key.startsWith('runservice/runs/'))) {
        kv.txn = txn
        await mode.enable()
        await load(data)
        await mode.disable()
      }
      return await txn(request, options)
    }
    const { run } = await runService.createRun(aCreateRequest([{ name: 'b' }]))
    expect(await archive.getRunConfig(run.runConfigId)).not.toBeNull()
  })

  it.each([
    ['cut short', (text: string) => text.slice(0, -20)],
    ['without its last line', (text: string) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`],
    ['with a run that is none', (text: string) => text.replace(/("data_type":"run".*"data":")[^"]+/, '$1e30=')],
    ['empty', () => ''],
    ['of something else', () => 'hello\n'],
  ])('that is %s leaves the store as it was, numbers included', async (_name, damage) => {
    const { mode, exported, load, finish, numbers } = await world()
    await finish()
    const data = damage((await exported()).toString())
    await finish()
    await mode.enable()
    await expect(load(Buffer.from(data))).rejects.toMatchObject({ code: 'importInvalid' })
    expect(await numbers()).toEqual([2, 1])
    await mode.disable()
    expect((await finish()).counter).toBe(3)
  })
})
