import { describe, expect, it } from 'vitest'
import { EmbeddedRuns } from '../../src/engine/embedded-runs.ts'
import type { RunId } from '../../src/engine/model/ids.ts'
import type { RunList } from '../../src/engine/ports/run-service.ts'
import { aCreateRequest, aRunService, startRun, untilArchived } from '../support/a-run-service.ts'

const group = '/user/me'
const main = { ref: 'refs/heads/main' }
const other = { ref: 'refs/heads/other' }

async function fourRuns(): Promise<EmbeddedRuns> {
  return (await fourRunsAndStore()).runs
}

async function fourRunsAndStore() {
  const { runService, executor, archive } = await aRunService()
  for (const [name, annotations, outcome] of [
    ['first', main, 'success'],
    ['second', other, 'failed'],
    ['third', main, 'failed'],
  ] as const) {
    const { id } = await startRun(runService, [{ name }], { group, annotations })
    await executor.finish(name, outcome)
    await untilArchived(runService, id)
  }
  await runService.createRun(aCreateRequest([{ name: 'fourth' }], { group, annotations: other }))
  return { runs: new EmbeddedRuns({ runService, group, approver: 'me' }), archive }
}

const numbers = ({ runs, more }: RunList) => ({ numbers: runs.map(({ counter }) => counter), more })

describe('the list of runs', () => {
  it('holds the newest first, and goes on before a number', async () => {
    const runs = await fourRuns()
    expect(numbers(await runs.list({ limit: 3 }))).toEqual({ numbers: [4, 3, 2], more: true })
    expect(numbers(await runs.list({ limit: 3, before: 2 }))).toEqual({ numbers: [1], more: false })
  })

  it('goes on before a number whose run was cleaned, or never was', async () => {
    const { runs, archive } = await fourRunsAndStore()
    const third = (await runs.get(3)).run
    await archive.deleteRun(third)
    expect(numbers(await runs.list({ limit: 3, before: 3 }))).toEqual({ numbers: [2, 1], more: false })
    expect(numbers(await runs.list({ limit: 1, before: 3 }))).toEqual({ numbers: [2], more: true })
    expect(numbers(await runs.list({ limit: 2, before: 99 }))).toEqual({ numbers: [4, 2], more: true })
    expect(numbers(await runs.list({ limit: 2, before: 99, ref: main.ref }))).toEqual({ numbers: [1], more: false })
  })

  it('can be held to a ref, to phases and to results', async () => {
    const runs = await fourRuns()
    expect(numbers(await runs.list({ limit: 9, ref: main.ref }))).toEqual({ numbers: [3, 1], more: false })
    expect(numbers(await runs.list({ limit: 1, ref: main.ref }))).toEqual({ numbers: [3], more: true })
    expect(numbers(await runs.list({ limit: 9, results: ['failed'] }))).toEqual({ numbers: [3, 2], more: false })
    expect(numbers(await runs.list({ limit: 9, phases: ['queued'] }))).toEqual({ numbers: [4], more: false })
    const failedOnOther = { limit: 9, ref: other.ref, results: ['failed' as const] }
    expect(numbers(await runs.list(failedOnOther))).toEqual({ numbers: [2], more: false })
  })
})

describe('the stop of a run', () => {
  it('stops one that began to run after it was looked at', async () => {
    const { runService } = await aRunService()
    const { run } = await runService.createRun(aCreateRequest([{ name: 'build' }], { group }))
    const change = runService.changeRunPhase.bind(runService)
    runService.changeRunPhase = async (id: RunId, phase: 'running' | 'cancelled') => {
      await change(id, 'running')
      await change(id, phase)
    }
    await new EmbeddedRuns({ runService, group, approver: 'me' }).stop(run.counter)
    expect((await runService.getRun(run.id)).run).toMatchObject({ phase: 'running', stop: true })
  })
})

describe('the task of a run', () => {
  const refusal = { code: 'runTaskDoesNotExist', message: expect.stringContaining('it has "build"') }

  it.each(['__proto__', 'constructor', 'toString', 'test'])(
    'is not found by %s where none is called so',
    async (name) => {
      const { runService } = await aRunService()
      const { run } = await runService.createRun(aCreateRequest([{ name: 'build' }], { group }))
      const runs = new EmbeddedRuns({ runService, group, approver: 'me' })
      await expect(runs.approve(run.counter, name)).rejects.toMatchObject(refusal)
      await expect(runs.openLog({ number: run.counter, task: name, step: 0 })).rejects.toMatchObject(refusal)
    },
  )

  it.each(['__proto__', 'constructor'])('may be called %s', async (name) => {
    const { runService } = await aRunService()
    const request = aCreateRequest([{ name: 'build' }], { group })
    const tasks = Object.values(request.tasks).map((task) => [task.id, { ...task, name }] as const)
    const { run } = await runService.createRun({ ...request, tasks: Object.fromEntries(tasks) })
    const runs = new EmbeddedRuns({ runService, group, approver: 'me' })
    await runs.approve(run.counter, name)
    await expect(runs.approve(run.counter, name)).rejects.toMatchObject({ code: 'runTaskAlreadyApproved' })
  })
})
