import { describe, expect, it } from 'vitest'
import { startQueued } from '../../../src/engine/decide/start-queued.ts'
import { Scheduler, type SchedulerOptions } from '../../../src/engine/scheduler/scheduler.ts'
import type { TaskSketch } from '../../support/a-run-config.ts'
import { aCreateRequest, aRunService, silentLog, until, untilArchived } from '../../support/a-run-service.ts'

async function world(given: Partial<SchedulerOptions> = {}) {
  const base = await aRunService()
  const { runService, clock } = base
  const scheduler = new Scheduler({ runService, clock, log: silentLog, ...given })
  const create = async (group: string, sketches: TaskSketch[] = [{ name: group }]) =>
    (await runService.createRun(aCreateRequest(sketches, { group: `/user/u1/branch/${group}` }))).run.id
  const phase = async (id: string) => (await runService.getRun(id)).run.phase
  return { ...base, scheduler, create, phase }
}

describe('the scheduler', () => {
  it('starts the first queued run of each group and the next when that has ended', async () => {
    const { scheduler, create, phase, executor, runService } = await world()
    const ids = [await create('a'), await create('a'), await create('b')]
    await scheduler.step()
    expect(await Promise.all(ids.map(phase))).toEqual(['running', 'queued', 'running'])
    await scheduler.step()
    expect(await phase(ids[1] ?? '')).toBe('queued')
    await executor.finish('a')
    await untilArchived(runService, ids[0] ?? '')
    await scheduler.step()
    expect(await phase(ids[1] ?? '')).toBe('running')
  })

  it('starts runs from the events, without time passing', async () => {
    const { scheduler, create, executor, runService } = await world()
    scheduler.start()
    const ids = [await create('a', [{ name: 'one' }]), await create('a', [{ name: 'two' }])]
    await executor.finish('one')
    await executor.finish('two')
    for (const id of ids) expect((await untilArchived(runService, id)).result).toBe('success')
    await scheduler.close()
  })

  it('leaves runs alone that are not of its scope, and runs the others one by one', async () => {
    const own = new Set<string>()
    const { scheduler, create, phase } = await world({ scopeOf: (run) => (own.has(run.id) ? 'local' : null) })
    const foreign = await create('a')
    for (const group of ['a', 'b']) own.add(await create(group))
    await scheduler.step()
    expect(await phase(foreign)).toBe('queued')
    expect(await Promise.all([...own].map(phase))).toEqual(['running', 'queued'])
  })

  it('approves a task as soon as enough people have', async () => {
    const { scheduler, create, executor, runService } = await world()
    scheduler.start()
    const id = await create('a', [{ name: 'deploy', needsApproval: true }])
    await until(runService, id, (run) => run.tasks.deploy?.waitingApproval === true)
    await runService.addTaskApprover(id, 'deploy', 'ann')
    await executor.task('deploy')
    await scheduler.close()
  })

  it('waits for as many approvers as the run asks for', async () => {
    const { scheduler, executor, runService } = await world()
    const request = aCreateRequest([{ name: 'a', needsApproval: true }], { annotations: { minApprovers: '2' } })
    const { id } = (await runService.createRun(request)).run
    await scheduler.step()
    for (const approver of ['ann', 'bob']) {
      expect(executor.submitted).toEqual([])
      await runService.addTaskApprover(id, 'a', approver)
      await scheduler.step()
    }
    await executor.task('a')
  })

  it('does not mind that a run was started or cancelled by somebody else', async () => {
    const { scheduler, create, runService, clock } = await world()
    const other = new Scheduler({ runService, clock, log: silentLog })
    const ids = [await create('a'), await create('b'), await create('b')]
    await Promise.all([scheduler.step(), other.step(), runService.changeRunPhase(ids[1] ?? '', 'cancelled')])
    await Promise.all([scheduler.step(), other.step()])
    const { runs } = await runService.listRuns({ phases: ['running'] })
    expect(runs.map((run) => run.id).sort()).toEqual([ids[0], ids[2]].sort())
  })
})

describe('which queued runs start', () => {
  const run = (id: string, group: string, sequence: number) => ({ id, group, sequence })

  it('are the first by sequence of each group without a running one', () => {
    const queued = [run('4', 'b', 4), run('3', 'a', 3), run('2', 'a', 2), run('5', 'c', 5)]
    const started = startQueued(queued, [run('1', 'c', 1)], ({ group }) => group)
    expect(started.map(({ id }) => id)).toEqual(['2', '4'])
  })
})
