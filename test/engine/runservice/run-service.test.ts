import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { newRun } from '../../../src/engine/decide/new-run.ts'
import { AgolaError } from '../../../src/engine/model/errors.ts'
import type { RunEvent } from '../../../src/engine/model/run-event.ts'
import type { KeyValueStore } from '../../../src/engine/ports/key-value-store.ts'
import { RunService } from '../../../src/engine/runservice/run-service.ts'
import { aRestoreStep, aRunConfig, aRunStep, aSaveStep } from '../../support/a-run-config.ts'
import {
  aCreateRequest,
  aRunService,
  silentLog,
  startRun,
  statuses,
  until,
  untilArchived,
} from '../../support/a-run-service.ts'
import { faultyKv } from '../../support/faulty-ports.ts'
import { Gate } from '../../support/gated.ts'

describe('the run service', () => {
  it('gives tasks away in the order of their dependencies and archives the run at the end', async () => {
    const { runService, executor, archive } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'b', depends: ['a'] }, { name: 'a' }])
    await executor.finish('a')
    await executor.finish('b')
    const run = await untilArchived(runService, id)
    expect(run).toMatchObject({ phase: 'finished', result: 'success', archived: true })
    expect(statuses(run)).toEqual({ a: 'success', b: 'success' })
    expect(executor.submitted).toEqual(['a', 'b'])
    expect(archive.runs.get(id)).toEqual(run)
    expect((await runService.getRun(id)).run).toEqual(run)
  })

  it('has given away the next task when the end of the last one was stored', async () => {
    const { runService, executor, kv } = await aRunService()
    await startRun(runService, [{ name: 'a' }, { name: 'b', depends: ['a'] }])
    await executor.task('a')
    const before = (await kv.status()).revision
    await executor.finish('a')
    expect(executor.submitted).toEqual(['a', 'b'])
    // The report, the decision and the new executor task are one transaction.
    expect((await kv.range({ prefix: 'runservice/executortasks/' })).entries.map((e) => e.modRevision)).toContain(
      before + 1n,
    )
  })

  it('tells who watches a run when the store is damaged, and keeps nobody waiting', async () => {
    const { runService, options, kv } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a' }])
    const damaged = Promise.withResolvers<never>()
    const other = kv.another()
    other.watch = async function* () {
      yield await damaged.promise
    }
    const reader = new RunService({ ...options, kv: other })
    await reader.follow()
    const watch = reader.watchRun(id)
    expect((await watch.next()).value).toMatchObject({ id, phase: 'running' })
    const next = watch.next()
    const damage = new AgolaError('storeUnusable', 'the store is damaged')
    other.get = () => Promise.reject(damage)
    other.range = () => Promise.reject(damage)
    damaged.reject(damage)
    await expect(next).rejects.toBe(damage)
    await reader.close()
  })

  it('stores logs before it lets the executor forget the task', async () => {
    const { runService, executor } = await aRunService()
    executor.logs.set('a/setup', 'pulling\n').set('a/0', 'hello\n')
    const { id } = await startRun(runService, [{ name: 'a', steps: [aRunStep()] }])
    const { id: taskId } = await executor.task('a')
    await executor.finish('a')
    await untilArchived(runService, id)
    await expect(runService.getExecutorTask(taskId)).rejects.toMatchObject({ code: 'executorTaskDoesNotExist' })
    const read = async (step: number | null) =>
      text((await runService.openLog({ runId: id, taskId: 'a', step })).stream())
    expect(await read(null)).toBe('pulling\n')
    expect(await read(0)).toBe('hello\n')
  })

  it('lets children wait for the archives of their parents and tells them where those are', async () => {
    const { runService, executor } = await aRunService()
    executor.archives.set('a/0', 'a tar')
    await startRun(runService, [
      { name: 'a', steps: [aSaveStep] },
      { name: 'other', steps: [aSaveStep] },
      { name: 'b', depends: { a: ['on_success'], other: ['on_failure'] }, steps: [aRestoreStep] },
    ])
    await executor.finish('other', 'failed')
    await executor.finish('a')
    const { spec } = await executor.task('b')
    // That of the failed task does not exist, which the log of the restore will tell.
    expect(spec.workspaceOperations).toEqual([
      { taskId: 'a', taskName: 'a', step: 0 },
      { taskId: 'other', taskName: 'other', step: 0 },
    ])
    await expect(runService.openWorkspaceArchive('other', 0)).rejects.toMatchObject({ code: 'archiveDoesNotExist' })
    expect(await text((await runService.openWorkspaceArchive('a', 0)).stream())).toBe('a tar')
  })

  it('looks secrets up when it hands a task over and stores none', async () => {
    const { runService, executor, secrets, kv, archive } = await aRunService()
    secrets.set('TOKEN', 's3cret-value')
    await startRun(runService, [
      { name: 'a', environment: { T: { fromVariable: 'TOKEN' }, N: { fromVariable: 'NONE' } } },
    ])
    const { spec } = await executor.task('a')
    expect(spec.environment).toEqual({ T: 's3cret-value', N: '', AGOLA_RUN_COUNTER: '1' })
    expect(spec.secretValues).toEqual(['s3cret-value'])
    const { entries } = await kv.range({ prefix: '' })
    const stored = [...entries.map((e) => Buffer.from(e.value).toString()), JSON.stringify([...archive.runConfigs])]
    expect(stored.join('\n')).not.toContain('s3cret-value')
  })

  it('stops what runs, skips what does not and ends as stopped', async () => {
    const { runService, executor } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a' }, { name: 'b', depends: ['a'] }])
    await executor.start('a')
    await runService.stopRun(id)
    expect((await executor.task('a')).stop).toBe(true)
    await executor.finish('a', 'stopped')
    const run = await untilArchived(runService, id)
    expect(run).toMatchObject({ phase: 'finished', result: 'stopped', stop: true })
    expect(statuses(run)).toEqual({ a: 'stopped', b: 'skipped' })
  })

  it('closes a run that is cancelled while it is queued', async () => {
    const { runService } = await aRunService()
    const { run } = await runService.createRun(aCreateRequest([{ name: 'a', steps: [aSaveStep] }]))
    await runService.changeRunPhase(run.id, 'cancelled')
    expect(await untilArchived(runService, run.id)).toMatchObject({ phase: 'cancelled', result: 'unknown' })
    await expect(runService.changeRunPhase(run.id, 'running')).rejects.toMatchObject({ code: 'runWrongPhase' })
    await expect(runService.stopRun(run.id)).rejects.toMatchObject({ code: 'runWrongPhase' })
  })

  it('makes a run with set-up errors of a graph that cannot be run', async () => {
    const { runService } = await aRunService()
    const request = aCreateRequest([{ name: 'a' }, { name: 'b' }])
    for (const task of Object.values(request.tasks)) {
      const other = task.id === 'a' ? 'b' : 'a'
      task.depends = { [other]: { taskId: other, conditions: ['on_success'] } }
    }
    const { run, runConfig } = await runService.createRun(request)
    expect(run).toMatchObject({ phase: 'setuperror', tasks: {} })
    expect(runConfig.setupErrors).toHaveLength(2)
    expect(await untilArchived(runService, run.id)).toMatchObject({ phase: 'setuperror' })
  })

  it('refuses groups that are not absolute or too short', async () => {
    const { runService } = await aRunService()
    for (const group of ['', 'user/u1', '/user', '/user/']) {
      await expect(runService.createRun(aCreateRequest([], { group }))).rejects.toMatchObject({
        code: 'invalidRunGroup',
      })
    }
  })

  it('finishes a run without tasks', async () => {
    const { runService } = await aRunService()
    const { id } = await startRun(runService, [])
    expect(await untilArchived(runService, id)).toMatchObject({ phase: 'finished', result: 'success' })
  })

  it('numbers runs within their root group and keeps one order over all', async () => {
    const { runService } = await aRunService()
    const create = (group: string) => runService.createRun(aCreateRequest([], { group }))
    const created = await Promise.all(Array.from({ length: 10 }, () => create('/user/u1/branch/x')))
    const other = await create('/user/u2/branch/x')
    const sorted = (key: 'counter' | 'sequence') => created.map(({ run }) => run[key]).sort((a, b) => a - b)
    expect(sorted('counter')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(sorted('sequence')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(other.run).toMatchObject({ counter: 1, sequence: 11 })
    expect((await runService.getRunByNumber('/user/u2', 1)).run.id).toBe(other.run.id)
    await expect(runService.getRunByNumber('/user/u2', 2)).rejects.toMatchObject({ code: 'runDoesNotExist' })
  })

  it('goes on where the archive ends when the store was lost', async () => {
    const before = await aRunService()
    for (const branch of ['main', 'next', 'main'])
      await before.runService.createRun(
        aCreateRequest([], { group: `/user/u1/branch/${branch}`, setupErrors: ['none'] }),
      )
    const { archive } = before
    await expect.poll(async () => (await archive.listRuns({})).runs.length).toBe(3)
    const after = await aRunService({ archive })
    const group = '/user/u1/branch/main'
    const { run } = await after.runService.createRun(aCreateRequest([{ name: 'a' }], { group }))
    expect(run).toMatchObject({ counter: 4, sequence: 4 })
    const other = await after.runService.createRun(aCreateRequest([{ name: 'a' }], { group: '/user/u2/branch/main' }))
    expect(other.run).toMatchObject({ counter: 1, sequence: 5 })
  })

  it('tells every change of phase and result once, in order, also to those who come late', async () => {
    const { runService, executor } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a' }])
    await executor.finish('a')
    await untilArchived(runService, id)
    const events: RunEvent[] = []
    for await (const event of runService.watchRunEvents(0)) if (events.push(event) === 4) break
    expect(events.map(({ phase, result }) => `${phase}/${result}`)).toEqual([
      'queued/unknown',
      'running/unknown',
      'running/success',
      'finished/success',
    ])
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4])
    for await (const event of runService.watchRunEvents(2)) {
      expect(event.sequence).toBe(3)
      break
    }
  })

  it('asks for approval, merges approvers and starts the task once it is approved', async () => {
    const { runService, executor } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a', needsApproval: true }])
    await until(runService, id, (run) => run.tasks.a?.waitingApproval === true)
    await Promise.all(['ann', 'bob'].map((name) => runService.addTaskApprover(id, 'a', name)))
    const { run } = await runService.getRun(id)
    expect(JSON.parse(run.tasks.a?.annotations.approvers ?? '')).toEqual(['ann', 'bob'])
    await expect(runService.addTaskApprover(id, 'a', 'ann')).rejects.toMatchObject({ code: 'runTaskAlreadyApproved' })
    await expect(runService.addTaskApprover(id, 'x', 'ann')).rejects.toMatchObject({ code: 'runTaskDoesNotExist' })
    expect(executor.submitted).toEqual([])
    await runService.approveTask(id, 'a')
    expect(executor.submitted).toEqual(['a'])
    await expect(runService.approveTask(id, 'a')).rejects.toMatchObject({ code: 'runTaskAlreadyApproved' })
  })

  it('refuses to approve a task that is not waiting', async () => {
    const { runService } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a' }])
    await expect(runService.approveTask(id, 'a')).rejects.toMatchObject({ code: 'runTaskNotWaitingApproval' })
  })

  it('never has more tasks at an executor than it takes, and fills the room that a task leaves', async () => {
    const { runService, executor } = await aRunService()
    executor.status.activeTasksLimit = 2
    await executor.report()
    await startRun(
      runService,
      ['a', 'b', 'c', 'd'].map((name) => ({ name })),
    )
    await executor.task('b')
    expect(executor.submitted).toEqual(['a', 'b'])
    executor.status.activeTasks = 2
    await executor.report()
    await executor.finish('a')
    expect(executor.submitted).toEqual(['a', 'b', 'c'])
  })

  it('fills the room that a task of one run leaves with a task of another', async () => {
    const { runService, executor } = await aRunService()
    executor.status.activeTasksLimit = 1
    await executor.report()
    await startRun(runService, [{ name: 'a' }])
    await executor.task('a')
    await startRun(runService, [{ name: 'b' }], { group: '/user/u1/branch/other' })
    expect(executor.submitted).toEqual(['a'])
    await executor.finish('a')
    await executor.task('b')
  })

  it('waits for an executor of the right kind, or fails at once where none can come', async () => {
    const sketch = [{ name: 'a', runtime: { type: 'pod' as const, arch: 'arm64' as const, containers: [] } }]
    const waiting = await aRunService()
    const { id } = await startRun(waiting.runService, sketch)
    expect(statuses((await waiting.runService.getRun(id)).run)).toEqual({ a: 'notstarted' })

    const local = await aRunService({ failUnplaceableTasks: true })
    const failed = await startRun(local.runService, sketch)
    const run = await untilArchived(local.runService, failed.id)
    expect(run).toMatchObject({ phase: 'finished', result: 'failed' })
    expect(run.tasks.a?.failError).toMatch(/arm64/)
    expect(run.tasks.a?.endTime).not.toBeNull()
  })

  it('fails what a lost executor had, with its archives and logs given up', async () => {
    const { runService, executor } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a', steps: [aRunStep(), aSaveStep] }])
    await executor.start('a')
    await runService.deleteExecutor(executor.id)
    const run = await untilArchived(runService, id)
    expect(run.result).toBe('failed')
    expect(run.tasks.a).toMatchObject({
      status: 'failed',
      failError: 'interrupted: the process that ran it is gone',
      setupStep: { phase: 'failed' },
    })
    expect(run.tasks.a?.endTime).not.toBeNull()
  })

  it('removes dynamic executors that their siblings miss', async () => {
    const { runService, executors, executor } = await aRunService()
    executor.status = { ...executor.status, dynamic: true, siblingsExecutors: ['executor-1'] }
    await executor.report()
    const { id } = await startRun(runService, [{ name: 'a' }])
    await executor.start('a')
    executors.delete(executor.id)
    const sibling = { ...executor.status, siblingsExecutors: ['executor-2'] }
    await runService.sendExecutorStatus('executor-2', sibling)
    // It may have listed its siblings before this one came: only what it says after it could know counts.
    expect((await runService.getRun(id)).run.tasks.a?.status).toBe('running')
    await runService.sendExecutorStatus('executor-2', sibling)
    expect((await untilArchived(runService, id)).result).toBe('failed')
  })

  it('asks who lives after it has listed whom it knows, so that nobody who comes meanwhile is taken for dead', async () => {
    const { runService, executor } = await aRunService()
    executor.status = { ...executor.status, dynamic: true }
    await runService.keepOnlyExecutors(async () => {
      await runService.sendExecutorStatus('executor-2', { ...executor.status, siblingsExecutors: ['executor-2'] })
      return new Set([executor.id])
    })
    await expect(runService.deleteExecutor('executor-2')).resolves.toBeUndefined()
    await runService.keepOnlyExecutors(async () => new Set())
    await expect(runService.deleteExecutor(executor.id)).rejects.toMatchObject({ code: 'executorDoesNotExist' })
  })

  it('lets pods be made for tasks that may start next and for those after them, and thrown away when they do not', async () => {
    const { runService, executor } = await aRunService()
    await startRun(runService, [
      { name: 'a' },
      { name: 'b', depends: ['a'] },
      { name: 'c', depends: ['b'] },
      { name: 'd', depends: { a: ['on_failure'] } },
      { name: 'e', depends: ['a'], needsApproval: true },
    ])
    await executor.start('a')
    expect([...executor.prepared.values()]).toEqual(['b', 'c'])
    await executor.finish('a', 'failed')
    expect([...executor.prepared.values()]).toEqual([])
    expect(executor.submitted).toEqual(['a', 'd'])
  })

  it('lets pods be made for the first tasks of a run that starts next, and thrown away when it is cancelled', async () => {
    const { runService, executor } = await aRunService({ owner: 'executor-1' })
    const { run } = await runService.createRun(aCreateRequest([{ name: 'a' }, { name: 'b', depends: ['a'] }]))
    expect([...executor.prepared.values()]).toEqual(['a', 'b'])
    await runService.createRun(aCreateRequest([{ name: 'later' }]))
    expect([...executor.prepared.values()]).toEqual(['a', 'b'])
    await runService.changeRunPhase(run.id, 'cancelled')
    expect([...executor.prepared.values()]).toEqual([])
  })

  it('makes no pods for a queued run that others may hold up', async () => {
    const { runService, executor } = await aRunService()
    await runService.createRun(aCreateRequest([{ name: 'a' }]))
    expect(executor.prepared.size).toBe(0)
  })

  it('leaves a run alone whose run config was lost, says so once, and goes on with the others', async () => {
    const { runService, executor, executors, archive, options } = await aRunService()
    const damaged = await startRun(runService, [{ name: 'lost' }])
    const healthy = await startRun(runService, [{ name: 'a' }, { name: 'b', depends: { a: ['on_success'] } }])
    await executor.task('a')
    archive.runConfigs.delete(damaged.runConfigId)
    const warnings: unknown[] = []
    const log = { ...silentLog, warn: (_: string, fields: unknown) => void warnings.push(fields) }
    // Another process, which does not know the run yet.
    const next = new RunService({ ...options, log })
    await next.follow()
    for (const known of executors.values()) await known.join(next)
    for (const _ of [1, 2]) await next.dispatcher.step(new AbortController().signal)
    expect(warnings).toEqual([{ run: damaged.id, error: expect.stringContaining('run config') }])
    await executor.finish('a')
    await executor.finish('b')
    expect((await untilArchived(next, healthy.id)).result).toBe('success')
    expect((await next.listRuns({})).runs.map(({ id }) => id)).toContain(damaged.id)
  })

  it('takes the same report twice, late reports and reports about nothing', async () => {
    const { runService, executor, kv } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a' }, { name: 'b' }])
    await executor.start('a')
    const { revision } = await kv.status()
    await executor.start('a')
    expect((await kv.status()).revision).toBe(revision)
    await executor.finish('a')
    await executor.start('a')
    expect(statuses((await runService.getRun(id)).run)).toMatchObject({ a: 'success' })
    const { status } = await executor.task('b')
    await runService.sendExecutorTaskStatus('no-such-task', status)
  })

  it('creates a run again from what failed, sharing what succeeded', async () => {
    const { runService, executor, objects } = await aRunService()
    executor.archives.set('a/0', 'a tar')
    executor.logs.set('a/0', 'saved\n')
    const sketches = [
      { name: 'a', steps: [aSaveStep] },
      { name: 'b', depends: ['a'], steps: [aRestoreStep] },
    ]
    const { id } = await startRun(runService, sketches)
    await executor.finish('a')
    await executor.finish('b', 'failed')
    await untilArchived(runService, id)
    const { run } = await runService.restartRun({ runId: id, fromStart: false, environment: {} })
    expect(run).toMatchObject({ phase: 'queued', counter: 2, result: 'unknown' })
    expect(run.tasks.a?.status).toBe('success')
    await objects.stat(`workspacearchives/a/runs/${run.id}`)
    await objects.stat(`logs/a/runs/${run.id}`)
    executor.tasks.clear()
    await runService.changeRunPhase(run.id, 'running')
    const task = await executor.task('b')
    expect(task.spec.workspaceOperations).toEqual([{ taskId: 'a', taskName: 'a', step: 0 }])
    await executor.finish('b')
    expect((await untilArchived(runService, run.id)).result).toBe('success')
    const log = await runService.openLog({ runId: run.id, taskId: 'a', step: 0 })
    expect(await text(log.stream())).toBe('saved\n')
    await expect(runService.restartRun({ runId: run.id, fromStart: false, environment: {} })).rejects.toMatchObject({
      code: 'runCannotBeRestarted',
    })
  })

  it('creates a run of many tasks whole, though another process took its creation for abandoned at any moment', async () => {
    const names = Array.from({ length: 170 }, (_, at) => `t${at}`)
    for (let at = 0; ; at++) {
      const { runService, kv, clock, archive, options } = await aRunService()
      const config = { ...aRunConfig([...names, 'last'].map((name) => ({ name }))), id: 'config' }
      const old = newRun(config, { runId: 'old', runConfigId: 'config', counter: 1, sequence: 1 }, 0)
      const kept = Object.values(old.tasks).map((task) => {
        const setupStep = { ...task.setupStep, phase: 'success', logPhase: 'finished' } as const
        return { ...task, status: task.id === 'last' ? ('failed' as const) : ('success' as const), setupStep }
      })
      const tasks = Object.fromEntries(kept.map((task) => [task.id, task]))
      await archive.putRunConfig(config)
      await archive.putRun({ ...old, tasks, phase: 'finished', result: 'failed', archived: true })
      const gate = new Gate(at)
      const txn: KeyValueStore['txn'] = async (request, call) => {
        await gate.pass()
        return kv.txn(request, call)
      }
      const slow = new RunService({ ...options, kv: { ...faultyKv(kv, () => undefined), txn } })
      const restart = slow.restartRun({ runId: 'old', fromStart: false, environment: {} })
      const isUnderWay = await gate.isReachedBy(restart)
      await clock.advance(11 * 60_000)
      await runService.dispatcher.step(new AbortController().signal)
      gate.open()
      const { run } = await restart
      const succeeded = Object.values((await runService.getRun(run.id)).run.tasks).filter(
        (task) => task.status === 'success',
      )
      expect(succeeded, `moment ${at}`).toHaveLength(names.length)
      expect((await kv.range({ prefix: 'runservice/creations/' })).entries).toEqual([])
      if (!isUnderWay) break
    }
  })

  it('refuses to build on a workspace that has expired', async () => {
    const { runService, executor, objects } = await aRunService()
    executor.archives.set('a/0', 'a tar')
    const { id } = await startRun(runService, [
      { name: 'a', steps: [aSaveStep] },
      { name: 'b', depends: ['a'] },
    ])
    await executor.finish('a')
    await executor.finish('b', 'failed')
    await untilArchived(runService, id)
    await objects.delete('workspacearchives/a/data/0.tar')
    await expect(runService.restartRun({ runId: id, fromStart: false, environment: {} })).rejects.toThrow(/expired/)
  })

  it('reads a log from the executor as long as it is there', async () => {
    const { runService, executor } = await aRunService()
    const { id } = await startRun(runService, [{ name: 'a', steps: [aRunStep()] }])
    const log = { runId: id, taskId: 'a', step: 0 }
    await executor.start('a')
    await expect(runService.openLog(log)).rejects.toMatchObject({ code: 'logDoesNotExist' })
    executor.logs.set('a/0', 'so far\n')
    expect(await text((await runService.openLog(log)).stream())).toBe('so far\n')
    await expect(runService.openLog({ ...log, step: 7 })).rejects.toMatchObject({ code: 'runTaskStepDoesNotExist' })
    await expect(runService.openLog({ ...log, taskId: 'x' })).rejects.toMatchObject({ code: 'runTaskDoesNotExist' })
    await expect(runService.deleteLog(log)).rejects.toMatchObject({ code: 'notReady' })
    await executor.finish('a')
    await untilArchived(runService, id)
    await runService.deleteLog(log)
    await expect(runService.openLog(log)).rejects.toMatchObject({ code: 'logDoesNotExist' })
    await expect(runService.deleteLog(log)).rejects.toMatchObject({ code: 'logDoesNotExist' })
  })
})
