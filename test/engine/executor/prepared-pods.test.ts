import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgolaError } from '../../../src/engine/model/errors.ts'
import { anExecutorTask, runStep } from '../../support/an-executor-task.ts'
import { settled } from '../../support/sim-clock.ts'
import { ExecutorFixture } from './executor-fixture.ts'

let fixture: ExecutorFixture

beforeEach(async () => {
  fixture = await ExecutorFixture.make()
})

afterEach(() => fixture.end())

const task = anExecutorTask({ spec: { steps: [runStep('true')] } })

/** Holds the making of pods until `go` is called; `begun` resolves when the first is being made. */
function holdPods() {
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  fixture.driver.fault = async (method) => {
    if (method !== 'createPod') return
    begun.resolve()
    await go.promise
  }
  return { begun: begun.promise, go: go.resolve }
}

async function untilPods(count: number): Promise<void> {
  while (fixture.driver.pods.length !== count) await fixture.clock.advance(0)
}

test('a task takes over the pod that was made for it, with the whole log of its set-up', async () => {
  const executor = fixture.create()
  await executor.prepare(task)
  await executor.prepare(task)
  await untilPods(1)
  while (fixture.driver.execs.length < 1) await fixture.clock.advance(0)
  expect(fixture.runService.reports).toEqual([])
  expect(executor.activeTasks).toBe(0)
  await executor.submit(task)
  expect((await fixture.runService.finished()).phase).toBe('success')
  expect(fixture.driver.requests).toHaveLength(1)
  const log = await text((await executor.openLog({ taskId: task.id, step: null })).stream())
  expect(log).toMatch(/^starting the pod\nstarted busybox\n(.*\n)*creating the working directory/)
})

test('a task takes over a pod that is still being made', async () => {
  const { begun, go } = holdPods()
  const executor = fixture.create()
  await executor.prepare(task)
  await begun
  await executor.submit(task)
  await settled()
  await fixture.clock.advance(50)
  await fixture.runService.status(task.id, (status) => status.setupStep.phase === 'running')
  go()
  expect((await fixture.runService.finished()).phase).toBe('success')
  expect(fixture.driver.requests).toHaveLength(1)
})

test('a stop of a task that took over an unfinished pod gives stopped', async () => {
  const { begun } = holdPods()
  const executor = fixture.create()
  await executor.prepare(task)
  await begun
  await executor.submit(task)
  await executor.submit({ ...task, stop: true })
  expect((await fixture.runService.finished()).setupStep.phase).toBe('stopped')
})

test.each(['made', 'being made'])('a discarded pod that is %s goes away without a trace', async (state) => {
  const executor = fixture.create()
  const held = state === 'being made' ? holdPods() : undefined
  await executor.prepare(task)
  if (held === undefined) await untilPods(1)
  else await held.begun
  await executor.discard(task.id)
  expect(fixture.driver.pods).toEqual([])
  expect(await readdir(join(fixture.dataDir, 'tasks'))).toEqual([])
  expect(fixture.runService.reports).toEqual([])
  await executor.discard(task.id)
})

test('no more pods are prepared than tasks may be active', async () => {
  const executor = fixture.create({ activeTasksLimit: 2 })
  for (const id of ['a', 'b', 'c']) await executor.prepare(anExecutorTask({ id }))
  await untilPods(2)
  await executor.discard('a')
  await executor.prepare(anExecutorTask({ id: 'c' }))
  await untilPods(2)
  expect(fixture.driver.requests).toHaveLength(3)
})

test('a pod that was made for another spec is not taken', async () => {
  const executor = fixture.create()
  await executor.prepare(task)
  await untilPods(1)
  const [container] = task.spec.containers
  const containers = container === undefined ? [] : [{ ...container, image: 'other' }]
  await executor.submit({ ...task, spec: { ...task.spec, containers } })
  expect((await fixture.runService.finished()).phase).toBe('success')
  expect(fixture.driver.requests.map((request) => request.containers[0]?.image)).toEqual(['busybox', 'other'])
})

test('archives that were made meanwhile do not make it another pod', async () => {
  const executor = fixture.create()
  await executor.prepare(task)
  await untilPods(1)
  const workspaceOperations = [{ taskId: 'parent', taskName: 'parent', step: 0 }]
  await executor.submit({ ...task, spec: { ...task.spec, workspaceOperations } })
  expect((await fixture.runService.finished()).phase).toBe('success')
  expect(fixture.driver.requests).toHaveLength(1)
})

test('a pod that could not be prepared, or has ended since, is made anew', async () => {
  const executor = fixture.create()
  let failures = 1
  fixture.driver.fault = (method) => {
    if (method === 'createPod' && failures-- > 0) throw new AgolaError('imageUnavailable', 'for now')
  }
  await executor.prepare(task)
  while (failures > 0) await fixture.clock.advance(0)
  await executor.submit(task)
  expect((await fixture.runService.finished()).phase).toBe('success')
  const second = anExecutorTask({ id: 'task-2' })
  await executor.prepare(second)
  await untilPods(1)
  while (fixture.driver.execs.filter(({ podId }) => podId === fixture.driver.pods[0]?.id).length < 1)
    await fixture.clock.advance(0)
  fixture.driver.endPod(fixture.driver.pods[0]?.id ?? '', { reason: 'removed', exitCode: null })
  await fixture.clock.advance(0)
  await executor.submit(second)
  expect((await fixture.runService.finished('task-2')).phase).toBe('success')
})

test('the sweep spares prepared pods and removes what no task wants', async () => {
  const executor = fixture.create({ siblings: async () => ['executor-2'] })
  await executor.prepare(task)
  await untilPods(1)
  const request = { arch: '' as const, containers: task.spec.containers, registriesAuth: {}, labels: {}, taskId: 't' }
  const made = async (podId: string, executorId: string, keepUntil?: number) =>
    fixture.driver.createPod(
      { ...request, podId, executorId, pull: 'never', ...(keepUntil !== undefined && { keepUntil }) },
      { onMessage: () => undefined },
    )
  await made('own leftover', 'executor-1')
  const alive = await made('of a live sibling', 'executor-2')
  await made('of a dead one', 'executor-3')
  const kept = await made('kept', 'executor-3', fixture.clock.now() + 1000)
  await made('kept too long', 'executor-3', fixture.clock.now())
  await executor.cleanPods(new AbortController().signal)
  expect(fixture.driver.pods.map((pod) => pod.id).sort()).toEqual(
    [fixture.driver.pods[0]?.id, 'kept', 'of a live sibling'].sort(),
  )
  await Promise.all([alive.remove(), kept.remove()])
})

test('without knowledge of siblings the sweep leaves the pods of others alone', async () => {
  const executor = fixture.create()
  const request = { arch: '' as const, containers: task.spec.containers, registriesAuth: {}, labels: {}, taskId: 't' }
  const pod = await fixture.driver.createPod(
    { ...request, podId: 'p', executorId: 'executor-9', pull: 'never' },
    { onMessage: () => undefined },
  )
  await executor.cleanPods(new AbortController().signal)
  expect(fixture.driver.pods).toHaveLength(1)
  await pod.remove()
})
