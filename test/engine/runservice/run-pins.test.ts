import { describe, expect, it } from 'vitest'
import { RunRetention } from '../../../src/engine/runservice/run-retention.ts'
import { aRunService, startRun } from '../../support/a-run-service.ts'
import { finishedRuns } from '../../support/finished-runs.ts'
import { Gate, gated } from '../../support/gated.ts'

const dayMs = 24 * 60 * 60 * 1000
const limits = { runsKeptMin: 0, runAgeMsMax: dayMs }

/** A run service in which runs finish on request; the n-th has the one task `t<n>`, with a log and an archive. */
async function world() {
  const service = await aRunService()
  const { runService, objects, clock } = service
  const retention = new RunRetention(service)
  const finish = finishedRuns(service)
  const clean = async () => {
    await clock.advance(40 * dayMs)
    for await (const { id } of retention.expired(limits)) await retention.remove(id)
    await runService.cleaner.clean()
  }
  const dataOf = async (task: string) => {
    const keys: string[] = []
    for await (const { key } of objects.list({ prefix: '', recursive: true }))
      if (key.includes(`/${task}/data`)) keys.push(key)
    return keys
  }
  return { ...service, retention, finish, clean, dataOf }
}

describe('a pinned run', () => {
  it('outlives all cleaning with its logs and archives, until it is unpinned', async () => {
    const { runService, finish, clean, dataOf } = await world()
    const [kept, gone] = [await finish(), await finish()]
    await runService.pinRun(kept)
    await runService.pinRun(kept)
    await clean()
    expect((await runService.getRun(kept)).pinned).toBe(true)
    expect((await runService.listRuns({})).runs).toMatchObject([{ id: kept, pinned: true }])
    expect(await dataOf('t1')).toHaveLength(3)
    expect(await dataOf('t2')).toEqual([])
    await expect(runService.getRun(gone)).rejects.toMatchObject({ code: 'runDoesNotExist' })
    await runService.unpinRun(kept)
    expect(await runService.getRun(kept)).not.toHaveProperty('pinned')
    await clean()
    await expect(runService.getRun(kept)).rejects.toMatchObject({ code: 'runDoesNotExist' })
    expect(await dataOf('t1')).toEqual([])
  })

  it('can be pinned while it runs, and others are not shown as pinned', async () => {
    const { runService } = await world()
    const run = await startRun(runService, [{ name: 'a' }])
    const other = await startRun(runService, [{ name: 'b' }])
    await runService.pinRun(run.id)
    const { runs } = await runService.listRuns({})
    expect(runs.map(({ id, pinned }) => [id, pinned])).toEqual([
      [other.id, undefined],
      [run.id, true],
    ])
  })

  it('has to exist, and leaves nothing when it does not', async () => {
    const { runService, objects } = await world()
    await expect(runService.pinRun('nobody')).rejects.toMatchObject({ code: 'runDoesNotExist' })
    for await (const { key } of objects.list({ prefix: 'pins/' })) expect(key).toBe('')
  })

  it('is there, or was told to be gone, when it is pinned at any moment of a removal, which may die at any later one', async () => {
    const outcomes = new Set<string>()
    for (let at = 0, isOver = false; !isOver; at++) {
      for (let death = at, isAlive = false; !isAlive; death++) {
        const { kv, clock, objects, archive, runService, finish, dataOf } = await world()
        const runId = await finish()
        const [pinning, dying] = [new Gate(at), new Gate(death)]
        const behindGates = <Port extends object>(port: Port) => gated(gated(port, dying), pinning)
        const stores = { kv: behindGates(kv), objects: behindGates(objects), archive: behindGates(archive) }
        const removal = new RunRetention({ ...stores, clock }).remove(runId)
        isOver = !(await pinning.isReachedBy(removal))
        if (isOver) break
        const pinned = await runService.pinRun(runId).catch((error: unknown) => error)
        pinning.open()
        isAlive = !(await dying.isReachedBy(removal))
        outcomes.add(pinned === undefined ? 'pinned' : 'gone')
        if (pinned !== undefined) {
          expect(pinned).toMatchObject({ code: 'runDoesNotExist' })
          continue
        }
        if (isAlive) expect(await removal).toBeNull()
        const found = await runService.getRun(runId).catch((error: unknown) => error)
        expect(found, `pinned at ${at}, dead at ${death}`).toMatchObject({ pinned: true })
        expect(await dataOf('t1')).toHaveLength(3)
      }
    }
    expect([...outcomes]).toEqual(['pinned', 'gone'])
  })
})
