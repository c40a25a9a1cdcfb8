import { describe, expect, it } from 'vitest'
import { RunService } from '../../../src/engine/runservice/run-service.ts'
import type { RunServiceOptions } from '../../../src/engine/runservice/run-service-options.ts'
import { aCreateRequest, aRunService, startRun, statuses, until, untilArchived } from '../../support/a-run-service.ts'
import { FakeExecutor } from '../../support/fake-executor.ts'
import { settled } from '../../support/sim-clock.ts'

const signal = new AbortController().signal

/** Two processes of one user, each with an executor of its own, as two terminals have. */
async function twoProcesses() {
  const local: Partial<RunServiceOptions> = { owner: 'executor-1', failUnplaceableTasks: true }
  const first = await aRunService(local)
  const executor = new FakeExecutor('executor-2')
  const second = new RunService({
    ...first.options,
    kv: first.kv.another(),
    owner: executor.id,
    executors: { clientFor: ({ id }) => (id === executor.id ? executor : null) },
  })
  await second.follow()
  for (const own of [first.executor, executor]) own.status = { ...own.status, dynamic: true, siblingsExecutors: both }
  await executor.join(second)
  await first.executor.report()
  return { first: first.runService, firstExecutor: first.executor, second, executor, kv: first.kv }
}

const both = ['executor-1', 'executor-2']

describe('runs of several processes over one store', () => {
  it('are given to the executor of their own process only', async () => {
    const { first, firstExecutor, second, executor } = await twoProcesses()
    await startRun(first, [{ name: 'a' }])
    await startRun(second, [{ name: 'b' }])
    await firstExecutor.task('a')
    await executor.task('b')
    await Promise.all([first.dispatcher.step(signal), second.dispatcher.step(signal)])
    await settled()
    expect([firstExecutor.submitted, executor.submitted]).toEqual([['a'], ['b']])
  })

  it('can be stopped, approved and read from everywhere', async () => {
    const { first, firstExecutor, second } = await twoProcesses()
    const { id } = await startRun(first, [{ name: 'a', needsApproval: true }, { name: 'b' }])
    await until(second, id, (run) => run.tasks.a?.waitingApproval === true)
    await second.approveTask(id, 'a')
    await firstExecutor.task('a')
    await second.stopRun(id)
    await until(first, id, (run) => run.stop)
    await settled()
    for (const name of ['a', 'b']) {
      expect((await firstExecutor.task(name)).stop).toBe(true)
      await firstExecutor.finish(name, 'stopped')
    }
    expect(await untilArchived(second, id)).toMatchObject({ phase: 'finished', result: 'stopped' })
  })

  it('are left alone while their process lives, however quiet it is', async () => {
    const { first, firstExecutor, second } = await twoProcesses()
    const { id } = await startRun(first, [{ name: 'a' }])
    const { run: queued } = await first.createRun(aCreateRequest([{ name: 'b' }]))
    await firstExecutor.start('a')
    await second.dispatcher.step(signal)
    await settled()
    expect((await second.getRun(id)).run).toMatchObject({ phase: 'running', stop: false })
    expect((await second.getRun(queued.id)).run.phase).toBe('queued')
  })

  it('are closed by another process when theirs has died', async () => {
    const { first, firstExecutor, second, executor } = await twoProcesses()
    const { id } = await startRun(first, [{ name: 'a' }, { name: 'b', depends: { a: ['on_failure'] } }])
    const { run: queued } = await first.createRun(aCreateRequest([{ name: 'c' }]))
    await firstExecutor.start('a')
    await first.close()
    executor.status.siblingsExecutors = [executor.id]
    await executor.report()
    await second.dispatcher.step(signal)
    const run = await untilArchived(second, id)
    expect(run).toMatchObject({ phase: 'finished', stop: true })
    expect(statuses(run)).toEqual({ a: 'failed', b: 'skipped' })
    expect(run.tasks.a).toMatchObject({
      failError: 'interrupted: the process that ran it is gone',
      setupStep: { phase: 'failed' },
    })
    expect((await untilArchived(second, queued.id)).phase).toBe('cancelled')
  })

  it('need an executor that is known before they are made', async () => {
    const { first } = await twoProcesses()
    await first.deleteExecutor('executor-1')
    await expect(first.createRun(aCreateRequest([]))).rejects.toMatchObject({ code: 'notReady' })
  })
})
