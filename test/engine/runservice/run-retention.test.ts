import { describe, expect, it } from 'vitest'
import { executorsInUse } from '../../../src/engine/runservice/executors-in-use.ts'
import { RunRetention } from '../../../src/engine/runservice/run-retention.ts'
import { aRunService, startRun } from '../../support/a-run-service.ts'
import { finishedRuns } from '../../support/finished-runs.ts'

const dayMs = 24 * 60 * 60 * 1000

/** A run service in which runs finish on request, a day after each other; the n-th has the one task `t<n>`. */
async function world() {
  const service = await aRunService()
  const { objects, clock } = service
  const retention = new RunRetention(service)
  const finishNow = finishedRuns(service)
  const finish = async () => {
    const id = await finishNow()
    await clock.advance(dayMs)
    return id
  }
  const expired = async (limits: { runsKeptMin: number; runAgeMsMax: number }) => {
    const found: number[] = []
    for await (const run of retention.expired(limits)) found.push(run.counter)
    return found
  }
  const left = async () => {
    const keys: string[] = []
    for await (const { key } of objects.list({ prefix: '', recursive: true })) keys.push(key)
    return keys
  }
  return { ...service, retention, finish, expired, left }
}

describe('the retention of runs', () => {
  it('keeps the newest runs and the young ones, whichever are more', async () => {
    const { finish, expired } = await world()
    for (let n = 1; n <= 6; n++) await finish()
    expect(await expired({ runsKeptMin: 4, runAgeMsMax: 1 })).toEqual([1, 2])
    expect(await expired({ runsKeptMin: 2, runAgeMsMax: 3.5 * dayMs })).toEqual([1, 2, 3])
    expect(await expired({ runsKeptMin: 6, runAgeMsMax: 1 })).toEqual([])
    expect(await expired({ runsKeptMin: 1, runAgeMsMax: 30 * dayMs })).toEqual([])
    expect(await expired({ runsKeptMin: 0, runAgeMsMax: 1 })).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('never counts or names a run that is not over', async () => {
    const { runService, finish, expired } = await world()
    const done = await finish()
    await startRun(runService, [{ name: 'b' }])
    expect(await expired({ runsKeptMin: 0, runAgeMsMax: 1 })).toEqual([1])
    expect((await runService.getRun(done)).run.counter).toBe(1)
  })

  it('removes a run with its run config, logs and archives', async () => {
    const { runService, archive, finish, retention, left } = await world()
    const id = await finish()
    expect(await left()).toHaveLength(5)
    expect(await retention.measure(id)).toBe('set upprintedarchive'.length)
    expect(await retention.remove(id)).toBe('set upprintedarchive'.length)
    expect(await left()).toEqual([])
    expect(archive.runConfigs.size).toBe(0)
    await expect(runService.getRun(id)).rejects.toMatchObject({ code: 'runDoesNotExist' })
    expect(await retention.remove(id)).toBeNull()
  })

  it('keeps what another run uses until that one goes too', async () => {
    const { finish, retention, objects, left } = await world()
    const [first, second] = [await finish(), 'another-run']
    for (const kind of ['logs', 'workspacearchives']) await objects.put(`${kind}/t1/runs/${second}`, Buffer.of())
    expect(await retention.measure(first)).toBe(0)
    expect(await retention.remove(first)).toBe(0)
    expect(await left()).toEqual([
      'logs/t1/data/setup.log',
      'logs/t1/data/steps/0.log',
      `logs/t1/runs/${second}`,
      'workspacearchives/t1/data/1.tar',
      `workspacearchives/t1/runs/${second}`,
    ])
  })

  it('leaves a run alone whose archiving has not ended', async () => {
    const { finish, retention, kv, archive } = await world()
    const id = await finish()
    await kv.txn({ then: [{ type: 'put', key: `runservice/runs/${id}`, value: Buffer.from('{}') }] })
    expect(await retention.remove(id)).toBeNull()
    expect(archive.runs.has(id)).toBe(true)
  })

  it('knows which executors active runs still need', async () => {
    const { runService, executor, kv, finish } = await world()
    await finish()
    await executor.report()
    expect([...(await executorsInUse(kv))]).toEqual([])
    await startRun(runService, [{ name: 'b' }])
    await executor.task('b')
    expect(await executorsInUse(kv)).toContain(executor.id)
  })
})
