import { describe, expect, it } from 'vitest'
import { AgolaError } from '../../../src/engine/model/errors.ts'
import { RunRetention } from '../../../src/engine/runservice/run-retention.ts'
import { RunService } from '../../../src/engine/runservice/run-service.ts'
import { aRestoreStep, aSaveStep } from '../../support/a-run-config.ts'
import { aRunService, type RunServiceWorld, startRun, untilArchived } from '../../support/a-run-service.ts'
import { Gate, gated } from '../../support/gated.ts'

const dayMs = 24 * 60 * 60 * 1000
const never = Number.POSITIVE_INFINITY
const archiveKey = 'workspacearchives/a/data/0.tar'

/** A run whose task `a` succeeded and left an archive, and whose task `b` failed. */
async function aFailedRun(): Promise<RunServiceWorld & { runId: string }> {
  const world = await aRunService()
  const { runService, executor } = world
  executor.archives.set('a/0', 'a tar')
  executor.logs.set('a/0', 'saved\n')
  const { id } = await startRun(runService, [
    { name: 'a', steps: [aSaveStep] },
    { name: 'b', depends: ['a'], steps: [aRestoreStep] },
  ])
  await executor.finish('a')
  await executor.finish('b', 'failed')
  await untilArchived(runService, id)
  return { ...world, runId: id }
}

type Work = (world: RunServiceWorld, runId: string, gate: Gate) => Promise<unknown>

/** Another process over the same stores, which stands still at the gate. */
function anotherService({ options, objects, archive }: RunServiceWorld, gate: Gate): RunService {
  return new RunService({ ...options, objects: gated(objects, gate), archive: gated(archive, gate) })
}

const restart: Work = (world, runId, gate) =>
  anotherService(world, gate).restartRun({ runId, fromStart: false, environment: {} })

const remove: Work = ({ kv, clock, objects, archive }, runId, gate) =>
  new RunRetention({ kv, clock, objects: gated(objects, gate), archive: gated(archive, gate) }).remove(runId)

const clean: Work = (world, _runId, gate) => anotherService(world, gate).cleaner.clean()

/** The restart did not happen, or nothing of what it needs is gone; and no trace is left of what did not happen. */
async function check({ objects, runService }: RunServiceWorld, outcome: unknown): Promise<void> {
  const keys: string[] = []
  for await (const { key } of objects.list({ prefix: '', recursive: true })) keys.push(key)
  if (outcome instanceof AgolaError) {
    expect(['runCannotBeRestarted', 'runDoesNotExist']).toContain(outcome.code)
  } else {
    expect(outcome).toMatchObject({ run: { counter: 2 } })
    expect(keys).toContain(archiveKey)
  }
  expect(keys.filter((key) => key.includes('/expiring/'))).toEqual([])
  for (const key of keys.filter((each) => each.includes('/runs/'))) {
    await runService.getRun(key.slice(key.lastIndexOf('/') + 1))
  }
}

/** One begins, the other one comes in between, the first one ends, then the other one does. At every pair of moments. */
async function checkAllOrders(first: Work, second: Work, ageMs: number): Promise<number> {
  let tried = 0
  for (let at = 0; ; at++) {
    for (let then = 0; ; then++) {
      const world = await aFailedRun()
      await world.clock.advance(ageMs)
      const gates = [new Gate(at), new Gate(then)] as const
      const isRestart = first === restart
      const one = first(world, world.runId, gates[0]).catch((error: unknown) => error)
      if (!(await gates[0].isReachedBy(one))) return tried
      const other = second(world, world.runId, gates[1]).catch((error: unknown) => error)
      const isInBetween = await gates[1].isReachedBy(other)
      gates[0].open()
      await one
      gates[1].open()
      await other
      await check(world, await (isRestart ? one : other)).catch((error: unknown) => {
        throw new Error(`moments ${at} and ${then}`, { cause: error })
      })
      tried++
      if (!isInBetween) break
    }
  }
}

describe('a restart', () => {
  it.each([
    ['removed', remove, dayMs],
    ['cleaned because of its age', clean, 8 * dayMs],
  ])('is refused, or has all it needs, when the old run is %s at the same time', async (_name, work, ageMs) => {
    expect(await checkAllOrders(restart, work, ageMs)).toBeGreaterThan(20)
    expect(await checkAllOrders(work, restart, ageMs)).toBeGreaterThan(20)
  })

  it('is refused while a cleaner is at it, also one that died, and the next round ends its work', async () => {
    const world = await aFailedRun()
    const { objects, runService, runId, clock } = world
    await clock.advance(8 * dayMs)
    const died = new Gate(0)
    const del = objects.delete.bind(objects)
    objects.delete = async (key, options) => {
      await died.pass()
      await del(key, options)
    }
    expect(await died.isReachedBy(clean(world, runId, new Gate(never)))).toBe(true)
    objects.delete = del
    await expect(restart(world, runId, new Gate(never))).rejects.toThrow(/expired/)
    await runService.cleaner.clean()
    const left: string[] = []
    for await (const { key } of objects.list({ prefix: 'workspacearchives/', recursive: true })) left.push(key)
    expect(left).toEqual([])
  })
})
