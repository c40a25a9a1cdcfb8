import { describe, expect, it } from 'vitest'
import { MemoryKeyValueStore } from '../../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import { newRun } from '../../../src/engine/decide/new-run.ts'
import type { RunId } from '../../../src/engine/model/ids.ts'
import type { Run, RunTask } from '../../../src/engine/model/run.ts'
import { DataRunArchive } from '../../../src/engine/runservice/data-run-archive.ts'
import { RunService } from '../../../src/engine/runservice/run-service.ts'
import { aRunConfig } from '../../support/a-run-config.ts'
import { aCreateRequest, silentLog, untilArchived } from '../../support/a-run-service.ts'
import { CrashPlan, crashingKv, crashingObjects } from '../../support/crashing-ports.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

const turnsMax = 5000
const largeRunId = 'large'
/** Above what one transaction takes, and above what two of them do. */
const largeRunTasks = 170
const never = Number.POSITIVE_INFINITY

/** The rows of the crash matrix that concern runs (spec/storage.md 6), as moments at the ports. */
const namedPoints: Record<string, RegExp> = {
  'create: before the run config': /^before txn datamanager\/walsdata datamanager\/wals/,
  'create: after the run config, before the run': /^before txn .*runservice\/runs\//,
  'create: before the tasks of a large run': /^before txn runservice\/creations\//,
  'create: between the tasks of a large run': /^after txn runservice\/runtasks\//,
  'create: after the run': /^after txn .*runservice\/runs\//,
  'archive: after the wal': /^after txn datamanager\/walsdata datamanager\/wals/,
  'archive: before the run is removed': /^before txn .*runservice\/runs\/\S+ .*runservice\/runtasks\//,
  'archive: after the run is removed': /^after txn .*runservice\/runs\/\S+ .*runservice\/runtasks\//,
}

/** The stores that outlive a process, and what its clients were told. */
class World {
  readonly clock = new SimClock()
  readonly random = new SeededRandom(1)
  readonly kv = new MemoryKeyValueStore({ clock: this.clock, random: this.random })
  readonly objects = new MemoryObjectStorage({ clock: this.clock })
  readonly created = new Map<RunId, number>()
  readonly archived = new Set<RunId>()

  async open(plan: CrashPlan): Promise<RunService> {
    const stores = {
      kv: crashingKv(this.kv.another(), plan),
      objects: crashingObjects(this.objects, plan),
      clock: this.clock,
      random: this.random,
      log: silentLog,
    }
    const archive = await DataRunArchive.open(stores)
    // No task starts, so that every run ends when it is told to.
    const runService = new RunService({
      ...stores,
      archive,
      executors: { clientFor: () => null },
      secrets: { forRun: () => new Map() },
      cleansByItself: false,
    })
    await runService.start()
    return runService
  }

  /** One run after the other, from its creation to the archive. */
  async live(plan: CrashPlan): Promise<void> {
    const runService = await this.open(plan)
    for (let n = 0; n < 2; n++) {
      const { run } = await runService.createRun(aCreateRequest([{ name: 'a' }, { name: 'b', depends: ['a'] }]))
      this.created.set(run.id, run.counter)
      await runService.changeRunPhase(run.id, n === 0 ? 'cancelled' : 'running')
      if (n > 0) await runService.stopRun(run.id)
      await untilArchived(runService, run.id)
      this.archived.add(run.id)
    }
    const { run } = await runService.restartRun({ runId: largeRunId, fromStart: false, environment: {} })
    this.created.set(run.id, run.counter)
  }

  /** An archived run of so many tasks that a restart takes several transactions. */
  async addLargeRun(): Promise<void> {
    const { kv, objects, clock, random } = this
    const archive = await DataRunArchive.open({ kv: kv.another(), objects, clock, random, log: silentLog })
    const names = Array.from({ length: largeRunTasks }, (_, at) => `t${at}`)
    const config = { ...aRunConfig([...names, 'last'].map((name) => ({ name }))), id: 'large-config' }
    const ids = { runId: largeRunId, runConfigId: config.id, counter: 1, sequence: 1 }
    const run: Run = { ...newRun(config, ids, clock.now()), phase: 'finished', result: 'failed', archived: true }
    for (const name of names) run.tasks[name] = finishedTask(run, name, 'success')
    run.tasks.last = finishedTask(run, 'last', 'failed')
    await archive.putRunConfig(config)
    await archive.putRun(run)
    await archive.data.close()
  }

  /** Lets simulated time pass until the work is done, or the process has died in it. */
  async inTime(work: Promise<unknown>, plan: CrashPlan): Promise<void> {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    for (let turn = 0; !done && !plan.crashed; turn++) {
      if (turn > turnsMax) throw new Error(`it does not end; last: ${plan.moments.slice(-3).join(', ')}`)
      await this.clock.advance(20)
    }
    if (!plan.crashed) await settled
  }

  /** What the next process finds, and does until nothing is left to do. */
  async check(): Promise<void> {
    const plan = new CrashPlan(never)
    const recover = async () => {
      const runService = await this.open(plan)
      const { runs } = await runService.listRuns({})
      const found = runs.map(({ id }) => id)
      expect(new Set(found).size).toBe(found.length)
      expect(new Set(runs.map(({ counter }) => counter)).size).toBe(found.length)
      for (const [id, counter] of this.created) {
        expect(found).toContain(id)
        expect((await runService.getRun(id)).run.counter).toBe(counter)
      }
      for (const { id, phase } of runs) {
        if (this.archived.has(id)) expect((await runService.getRun(id)).run.archived).toBe(true)
        if (phase === 'queued') await runService.changeRunPhase(id, 'cancelled')
        else if (phase === 'running') await runService.stopRun(id)
        await untilArchived(runService, id)
      }
      const { run } = await runService.createRun(aCreateRequest([{ name: 'a' }]))
      expect([...this.created.values()]).not.toContain(run.counter)
      await runService.changeRunPhase(run.id, 'cancelled')
      await untilArchived(runService, run.id)
      expect((await runService.listRuns({})).runs.map(({ id }) => id)).toEqual([run.id, ...found])
    }
    await this.inTime(recover(), plan)
    for (let turn = 0; (await this.left()).length > 0 && turn < 70; turn++) await this.clock.advance(10_000)
    expect(await this.left()).toEqual([])
  }

  /** What only active runs may have in the key-value store. */
  async left(): Promise<string[]> {
    const { entries } = await this.kv.range({ prefix: 'runservice/', keysOnly: true })
    return entries.map(({ key }) => key).filter((key) => /^runservice\/(runs|runtasks|creations)\//.test(key))
  }
}

function finishedTask(run: Run, name: string, status: RunTask['status']): RunTask {
  const task = run.tasks[name]
  if (task === undefined) throw new Error(`no task ${name}`)
  const phase = status === 'success' ? 'success' : 'failed'
  return { ...task, status, setupStep: { ...task.setupStep, phase, logPhase: 'finished' } }
}

async function liveUntil(at: number): Promise<{ world: World; plan: CrashPlan }> {
  const world = new World()
  const plan = new CrashPlan(at)
  await world.addLargeRun()
  await world.inTime(world.live(plan), plan)
  return { world, plan }
}

describe('a crash of the run service', () => {
  it('at any moment loses no run that was answered for, shows each once, and every run comes to its archive', async () => {
    const { plan } = await liveUntil(never)
    for (let at = 0; at < plan.moments.length; at++) {
      const { world } = await liveUntil(at)
      await world.check().catch((error: unknown) => {
        throw new Error(`after a crash ${plan.moments[at]}`, { cause: error })
      })
    }
  })

  it('has been tried at every named point of the design', async () => {
    const { plan } = await liveUntil(never)
    const missing = Object.entries(namedPoints).filter(
      ([, pattern]) => !plan.moments.some((moment) => pattern.test(moment)),
    )
    expect(missing.map(([name]) => name)).toEqual([])
  })
})
