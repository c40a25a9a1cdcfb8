import { describe, expect, it } from 'vitest'
import { MemoryKeyValueStore } from '../../../src/engine/adapters/kv/memory.ts'
import { AgolaError } from '../../../src/engine/model/errors.ts'
import { MaintenanceMode } from '../../../src/engine/runservice/maintenance-mode.ts'
import { RunService } from '../../../src/engine/runservice/run-service.ts'
import { StoreWatcher } from '../../../src/engine/runservice/store-watcher.ts'
import { aRunStep } from '../../support/a-run-config.ts'
import { aCreateRequest, aRunService, silentLog, startRun, untilArchived } from '../../support/a-run-service.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock, settled } from '../../support/sim-clock.ts'

/** Defects of the reference that concern the run service (spec/storage.md 8), each shown to be absent. D15 and D17 stand with what
 *  caches.test.ts and cleaner.test.ts say of the newest cache and of shared data. */
describe('reference defects', () => {
  it('D7: nothing that is written while everything is read for the first time, or again, goes unseen', async () => {
    const clock = new SimClock()
    const kv = new MemoryKeyValueStore({ clock, random: new SeededRandom(1) })
    const write = (key: string) => kv.txn({ then: [{ type: 'put', key, value: new Uint8Array() }] })
    const seen: string[] = []
    let reading = 0
    const watcher = new StoreWatcher({
      kv,
      clock,
      log: silentLog,
      onEvent: (event) => seen.push(event.type === 'put' ? event.entry.key : event.key),
      onGap: async () => {
        reading++
        await write(`runservice/during-${reading}`)
      },
      onUnusable: () => undefined,
    })
    const watch = kv.watch.bind(kv)
    kv.watch = () => {
      kv.watch = watch
      throw new AgolaError('revisionCompacted', 'too slow')
    }
    const stop = new AbortController()
    const { done } = await watcher.start(stop.signal)
    while (reading < 2) await clock.advance(100)
    await write('runservice/after')
    while (seen.length < 2) await settled()
    expect(seen).toEqual(['runservice/during-2', 'runservice/after'])
    stop.abort()
    await done
  })

  it('D7: the first reading and the first watch leave no gap between them', async () => {
    const { runService, executor, options, kv } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a' }])
    await executor.task('a')
    const late = new RunService({ ...options, kv: kv.another() })
    const [, end] = await Promise.all([late.follow(), executor.finish('a')])
    expect(end).toBeUndefined()
    expect(await untilArchived(late, id)).toMatchObject({ phase: 'finished', result: 'success' })
  })

  it('D12: maintenance that ended before a process looked is over for it, and one that began before holds', async () => {
    const { runService, options, kv, clock } = await aRunService()
    const mode = new MaintenanceMode({ kv: kv.another(), clock })
    await mode.enable()
    await mode.disable()
    const late = new RunService({ ...options, kv: kv.another() })
    await late.follow()
    for (const service of [runService, late]) await service.createRun(aCreateRequest([]))
    await mode.enable()
    const later = new RunService({ ...options, kv: kv.another() })
    await later.follow()
    for (const service of [runService, late, later])
      await expect(service.createRun(aCreateRequest([]))).rejects.toMatchObject({ code: 'inMaintenance' })
    await mode.disable()
    for (const service of [runService, late, later]) await service.createRun(aCreateRequest([]))
  })

  it('D14: a set-up log is found where it is, whatever has become of the log of the first step', async () => {
    const { runService, executor, executors, archive } = await aRunService()
    executor.logs.set('a/setup', 'pulling\n')
    const { id } = await startRun(runService, [{ name: 'a', steps: [aRunStep()] }])
    await executor.finish('a', 'failed')
    const run = await untilArchived(runService, id)
    const [step] = run.tasks.a?.steps ?? []
    if (step === undefined) throw new Error('no step')
    step.logPhase = 'notstarted'
    await archive.putRun(run)
    executors.clear()
    const content = await runService.openLog({ runId: id, taskId: 'a', step: null })
    expect(Buffer.concat(await content.stream().toArray()).toString()).toBe('pulling\n')
    await expect(runService.openLog({ runId: id, taskId: 'a', step: 0 })).rejects.toMatchObject({
      code: 'logDoesNotExist',
    })
  })
})
