import { describe, expect, it } from 'vitest'
import { keyValueLimits } from '../../../src/engine/ports/key-value-store.ts'
import { RunService } from '../../../src/engine/runservice/run-service.ts'
import { aRunStep } from '../../support/a-run-config.ts'
import { aCreateRequest, aRunService, startRun, untilArchived } from '../../support/a-run-service.ts'
import { FaultyKeyValueStore } from '../../support/faulty-kv.ts'

const taskCount = 10_000
const sketches = Array.from({ length: taskCount }, (_, n) => ({
  name: `t${n}`,
  depends: n === 0 ? [] : ['t0'],
  steps: [aRunStep(), aRunStep(), aRunStep()],
}))

describe('a run of 10,000 tasks', () => {
  it('is stopped in transactions that a store takes, in sight of which it is always whole', async () => {
    const world = await aRunService()
    let txns = 0
    const kv = new FaultyKeyValueStore(world.kv, {
      txn: ({ then }) => {
        txns += 1
        expect(then.length).toBeLessThanOrEqual(keyValueLimits.txnOpsMax)
        return 'none'
      },
    })
    const runService = new RunService({ ...world.options, kv })
    await runService.follow()
    await world.executor.join(runService)
    const { id } = await startRun(runService, sketches)
    await world.executor.start('t0')
    txns = 0
    await runService.stopRun(id)
    expect(txns).toBeGreaterThan(taskCount / keyValueLimits.txnOpsMax)
    await world.executor.finish('t0', 'stopped')
    const run = await untilArchived(runService, id)
    expect(run.result).toBe('stopped')
    expect(Object.values(run.tasks).filter((task) => task.status === 'skipped')).toHaveLength(taskCount - 1)
    expect((await world.kv.range({ prefix: 'runservice/runtasks/', limit: 1 })).entries).toEqual([])
  })

  it('is taken over by another process when its own dies in the middle of a large change', async () => {
    const world = await aRunService()
    let left = Number.POSITIVE_INFINITY
    const kv = new FaultyKeyValueStore(world.kv.another(), { txn: () => (left-- > 0 ? 'none' : 'unreachable') })
    const dying = new RunService({ ...world.options, kv })
    await world.runService.close()
    await dying.follow()
    await world.executor.join(dying)
    const { id } = await startRun(dying, sketches)
    await world.executor.task('t0')
    left = 20
    await expect(dying.stopRun(id)).rejects.toMatchObject({ code: 'storeUnreachable' })
    await dying.close()

    const next = new RunService({ ...world.options, kv: world.kv.another() })
    await next.follow()
    await world.executor.join(next)
    const { run } = await next.getRun(id)
    expect(run).toMatchObject({ phase: 'running', result: 'stopped', stop: true })
    await next.dispatcher.step(new AbortController().signal)
    await world.executor.finish('t0', 'stopped')
    expect(Object.values((await untilArchived(next, id)).tasks).map((task) => task.status)).not.toContain('notstarted')
  })

  it('refuses a task of more steps than fit into the store', async () => {
    const { runService } = await aRunService()
    const steps = Array.from({ length: 1501 }, () => aRunStep())
    await expect(runService.createRun(aCreateRequest([{ name: 'big', steps }]))).rejects.toMatchObject({
      code: 'tooLarge',
    })
    await runService.createRun(aCreateRequest([{ name: 'big', steps: steps.slice(1) }]))
  })
})
