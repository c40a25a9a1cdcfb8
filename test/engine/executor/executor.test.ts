import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Executor, ExecutorOptions } from '../../../src/engine/executor/executor.ts'
import { AgolaError, hasCode } from '../../../src/engine/model/errors.ts'
import type { ExecutorTaskStatus } from '../../../src/engine/model/executor-task.ts'
import { anExecutorTask, runStep } from '../../support/an-executor-task.ts'
import type { FakeExecutorRunService } from '../../support/fake-executor-run-service.ts'
import type { FakePodDriver } from '../../support/fake-pod-driver.ts'
import { type SimClock, settled } from '../../support/sim-clock.ts'
import { ExecutorFixture } from './executor-fixture.ts'

let fixture: ExecutorFixture
let driver: FakePodDriver
let runService: FakeExecutorRunService
let clock: SimClock
let executor: Executor

function create(given: Partial<ExecutorOptions> = {}): Executor {
  executor = fixture.create(given)
  return executor
}

const never = () => new Promise<number>(() => undefined)
const signal = new AbortController().signal

beforeEach(async () => {
  fixture = await ExecutorFixture.make()
  ;({ driver, runService, clock } = fixture)
})

afterEach(() => fixture.end())

async function logOf(step: number | null, taskId = 'task-1'): Promise<string> {
  return text((await executor.openLog({ taskId, step })).stream())
}

/** Resolves at the next start of a command that matches. */
function started(match: string): Promise<void> {
  return new Promise((resolve) => {
    driver.when(match, () => {
      resolve()
      return never()
    })
  })
}

function phases({ phase, setupStep, steps }: ExecutorTaskStatus): string[] {
  return [phase, setupStep.phase, ...steps.map((step) => step.phase)]
}

test('a task runs its steps in order and reports each change', async () => {
  driver.when('echo one', async (process) => {
    await process.write('one\n')
    await process.writeError('to stderr\n')
    return 0
  })
  await create().submit(anExecutorTask({ spec: { steps: [runStep('echo one'), runStep('echo two')] } }))
  const status = await runService.finished()
  expect(phases(status)).toEqual(['success', 'success', 'success', 'success'])
  expect(status.steps.map((step) => step.exitStatus)).toEqual([0, 0])
  expect(status.steps[0]?.logBytes).toBe(Buffer.byteLength(await logOf(0)))
  expect(status.setupStep.logBytes).toBe(Buffer.byteLength(await logOf(null)))
  expect(status).toMatchObject({ timedout: false, failError: '', startTime: clock.now(), endTime: clock.now() })
  expect(await logOf(0)).toBe('one\nto stderr\n')
  expect(await logOf(1)).toBe('')
  expect(await logOf(null)).toMatch(/starting the pod\nstarted busybox\npod started in 0 ms\ncreating the working/)
  expect(driver.execs.map(({ request }) => request.workingDir)).toEqual(['', '', ''])
})

test('a step gets the environments, user and terminal that it shall have, and no standard input', async () => {
  const step = runStep('env', { environment: { A: 'step', C: '3' }, tty: true })
  const spec = { environment: { A: 'task', B: '2' }, user: 'dev', steps: [step, runStep('id')] }
  await create().submit(anExecutorTask({ spec }))
  await runService.finished()
  const [setUp, first, second] = driver.execs.map(({ request }) => request)
  expect(setUp).toMatchObject({ environment: spec.environment, user: 'dev', tty: null })
  expect(first).toMatchObject({
    environment: { A: 'step', B: '2', C: '3' },
    user: 'dev',
    tty: { columns: 120, rows: 40 },
    stdin: false,
  })
  expect(second).toMatchObject({ environment: spec.environment, tty: null })
})

test('a run step is one command in the pod, however long its text is, until that no longer fits into an argument', async () => {
  const long = `# ${'x'.repeat(200_000)}`
  await create().submit(anExecutorTask({ spec: { steps: [runStep('true'), runStep(long)] } }))
  expect((await runService.finished()).phase).toBe('success')
  const [, short, upload, run] = driver.execs.map(({ request }) => request)
  expect(driver.execs).toHaveLength(4)
  expect(short?.command).toEqual(expect.arrayContaining(['true\n', '/bin/sh', '-e']))
  expect(upload?.stdin).toBe(true)
  for (const word of [...(upload?.command ?? []), ...(run?.command ?? [])]) expect(word.length).toBeLessThan(100_000)
})

test('the first failing step ends the task', async () => {
  driver.when('exit 7', 7)
  await create().submit(anExecutorTask({ spec: { steps: [runStep('exit 7'), runStep('true')] } }))
  const status = await runService.finished()
  expect(phases(status)).toEqual(['failed', 'success', 'failed', 'notstarted'])
  expect(status.steps[0]?.exitStatus).toBe(7)
  expect(status.failError).toBe('')
  await expect(logOf(1)).rejects.toMatchObject({ code: 'logDoesNotExist' })
})

test('an unknown home of another user is an error before a pod is made', async () => {
  await create().submit(anExecutorTask({ spec: { workingDir: '~other/x' } }))
  const status = await runService.finished()
  expect(phases(status)).toEqual(['failed', 'failed'])
  expect(status.failError).toContain('~other/x')
  expect(driver.requests).toEqual([])
})

test('a privileged container is refused unless that is allowed', async () => {
  const container = { image: 'i', environment: {}, user: '', privileged: true, entrypoint: '', volumes: [] }
  await create().submit(anExecutorTask({ spec: { containers: [container] } }))
  const status = await runService.finished()
  expect(status.phase).toBe('failed')
  expect(await logOf(null)).toContain('container 0 (i) is privileged')
  driver.described.privilegedContainers = true
  await create({ allowPrivileged: true }).submit(anExecutorTask({ id: 'task-2', spec: { containers: [container] } }))
  expect((await runService.finished('task-2')).phase).toBe('success')
})

test('a pod that cannot be made fails the task, with the reason in the set-up log, masked', async () => {
  driver.fault = (method) => {
    if (method === 'createPod') throw new AgolaError('imageUnavailable', 'cannot pull with password hunter22')
  }
  await create().submit(anExecutorTask({ spec: { secretValues: ['hunter22'], steps: [runStep('true')] } }))
  const status = await runService.finished()
  expect(phases(status)).toEqual(['failed', 'failed', 'notstarted'])
  expect(status.failError).toBe('cannot pull with password ***')
  expect(await logOf(null)).toContain('error: cannot pull with password ***')
})

test('a set-up is told of when it takes a while, and a short one with what follows it', async () => {
  let isSlow = false
  const slow = Promise.withResolvers<void>()
  driver.fault = async (method) => {
    if (method === 'createPod' && isSlow) await slow.promise
  }
  await create().submit(anExecutorTask())
  await runService.finished()
  expect(runService.reports.map(({ status }) => phases(status)[1])).not.toContain('running')
  isSlow = true
  await executor.submit(anExecutorTask({ id: 'task-2' }))
  await settled()
  await clock.advance(49)
  expect(runService.reports.some(({ taskId }) => taskId === 'task-2')).toBe(false)
  await clock.advance(1)
  expect(phases(await runService.status('task-2', () => true))).toEqual(['running', 'running'])
  slow.resolve()
  await runService.finished('task-2')
})

test('a pod that takes longer than five minutes fails the task', async () => {
  let creating: () => void = () => undefined
  const begun = new Promise<void>((resolve) => {
    creating = resolve
  })
  driver.fault = (method) => {
    if (method !== 'createPod') return
    creating()
    return never() as unknown as Promise<void>
  }
  await create().submit(anExecutorTask())
  await begun
  await settled()
  await clock.advance(299_999)
  expect(runService.reports.at(-1)?.status.phase).toBe('running')
  await clock.advance(1)
  expect((await runService.finished()).failError).toContain('not ready within 300 s')
})

test('a working directory that cannot be made fails the task and leaves no pod', async () => {
  driver.when('uid=$(', async (process) => {
    await process.writeError('mkdir: read-only file system\n')
    return 1
  })
  await create().submit(anExecutorTask())
  expect((await runService.finished()).failError).toContain('~/project could not be created')
  expect(await logOf(null)).toContain('mkdir: read-only file system')
})

test('a set-up command that could not be run, such as for want of its user, fails the task with its own words', async () => {
  driver.when('uid=$(', async (process) => {
    await process.writeError('cannot run "busybox": the image has no user "alice"\n')
    return 126
  })
  await create().submit(anExecutorTask())
  const { failError } = await runService.finished()
  expect(failError).toBe('cannot run "busybox": the image has no user "alice"')
  expect((await logOf(null)).match(/alice/g)).toHaveLength(1)
})

test.each([
  [
    'true',
    { reason: 'exited', exitCode: 0 } as const,
    /ended \(exit code 0\): its entrypoint "true" has to keep running/,
  ],
  ['true', { reason: 'outOfMemory', exitCode: 137 } as const, /^main container ended \(out of memory\)$/],
  ['', { reason: 'exited', exitCode: 1 } as const, /^main container ended \(exit code 1\)$/],
  ['', { reason: 'lost', exitCode: null } as const, /connection to the container engine lost/],
])(
  'a main container with the entrypoint "%s" that ends during the set-up (%s) is explained',
  async (entrypoint, end, message) => {
    driver.when('uid=$(', () => {
      queueMicrotask(() => driver.endPod(driver.pods[0]?.id ?? '', end))
      return never()
    })
    const task = anExecutorTask()
    const containers = task.spec.containers.map((container) => ({ ...container, entrypoint }))
    await create().submit({ ...task, spec: { ...task.spec, containers } })
    const status = await runService.finished()
    expect(phases(status)).toEqual(['failed', 'failed'])
    expect(status.failError).toMatch(message)
  },
)

test('secrets are masked in the log of a step, across its writes, and in errors', async () => {
  driver.when('echo', async (process) => {
    for (const part of ['<s3c', 'r3t-val', 'ue>', '<other>']) await process.write(part)
    return 0
  })
  const spec = {
    secretValues: ['s3cr3t-value'],
    environment: { AGOLA_SSHPRIVKEY: 'other>' },
    dockerRegistriesAuth: { r: { type: 'basic' as const, username: 'u', password: 'registry-password', auth: '' } },
    steps: [runStep('echo'), { type: 'restore_cache' as const, name: '', keys: ['registry-password'], destDir: '' }],
  }
  await create().submit(anExecutorTask({ spec }))
  await runService.finished()
  expect(await logOf(0)).toBe('<***><***')
  expect(await logOf(1)).toBe('no cache for "***"\nno cache was found\n')
})

test('a stop before the start is reported as cancelled', async () => {
  await create().submit(anExecutorTask({ stop: true }))
  expect((await runService.finished()).phase).toBe('cancelled')
  expect(driver.requests).toEqual([])
})

test('a stop during the set-up gives stopped', async () => {
  const begun = Promise.withResolvers<void>()
  driver.fault = (method) => {
    if (method !== 'createPod') return
    begun.resolve()
    return never() as unknown as Promise<void>
  }
  const task = anExecutorTask({ spec: { steps: [runStep('true')] } })
  await create().submit(task)
  await begun.promise
  await executor.submit({ ...task, stop: true })
  const status = await runService.finished()
  expect(phases(status)).toEqual(['stopped', 'stopped', 'notstarted'])
  expect(await logOf(null)).toContain('stopped\n')
})

test('a stopped step is interrupted, then terminated, then its pod is stopped; its last words are logged', async () => {
  const begun = Promise.withResolvers<void>()
  driver.when('sleep', async (process) => {
    process.trap((name) => void process.write(`got ${name}\n`))
    begun.resolve()
    return await never()
  })
  const task = anExecutorTask({ spec: { steps: [runStep('sleep'), runStep('true')] } })
  await create().submit(task)
  await begun.promise
  await executor.submit({ ...task, stop: true })
  const process = driver.execs[1]?.process
  await clock.advance(0)
  expect(process?.signals).toEqual(['INT'])
  await clock.advance(5000)
  expect(process?.signals).toEqual(['INT', 'TERM'])
  await clock.advance(5000)
  const status = await runService.finished()
  expect(phases(status)).toEqual(['stopped', 'success', 'stopped', 'notstarted'])
  expect(status.steps[0]?.exitStatus).toBe(null)
  expect(await logOf(0)).toContain('got INT\ngot TERM\n')
})

test('the exit code of an interrupted step is kept', async () => {
  const begun = Promise.withResolvers<void>()
  driver.when('sleep', async (process) => {
    const signalled = process.nextSignal()
    begun.resolve()
    await signalled
    return 130
  })
  const task = anExecutorTask({ spec: { steps: [runStep('sleep')] } })
  await create().submit(task)
  await begun.promise
  await executor.submit({ ...task, stop: true })
  expect((await runService.finished()).steps[0]).toMatchObject({ phase: 'stopped', exitStatus: 130 })
})

test.each([
  ['a stop', 'stopped', false],
  ['the timeout', 'failed', true],
])('a step that %s interrupts has not succeeded, though it ends with 0', async (cause, phase, timedout) => {
  const begun = Promise.withResolvers<void>()
  driver.when('sleep', async (process) => {
    const signalled = process.nextSignal()
    begun.resolve()
    await signalled
    return 0
  })
  const task = anExecutorTask({ spec: { taskTimeoutIntervalMs: 30_000, steps: [runStep('sleep'), runStep('true')] } })
  await create().submit(task)
  await begun.promise
  if (cause === 'a stop') await executor.submit({ ...task, stop: true })
  else await clock.advance(30_000)
  const status = await runService.finished()
  expect(status).toMatchObject({ phase, timedout, steps: [{ phase, exitStatus: 0 }, { phase: 'notstarted' }] })
  if (timedout) expect(await logOf(0)).toContain('longer than its timeout')
})

test('a step that has ended before the stop stays a success', async () => {
  const begun = started('sleep')
  const task = anExecutorTask({ spec: { steps: [runStep('true'), runStep('sleep')] } })
  await create().submit(task)
  await begun
  await executor.submit({ ...task, stop: true })
  const status = await runService.finished()
  expect(status.steps).toMatchObject([{ phase: 'success', exitStatus: 0 }, { phase: 'stopped' }])
})

test('a task that runs longer than its timeout fails as timed out; the set-up does not count', async () => {
  const begun = started('sleep')
  driver.fault = async (method) => {
    if (method === 'createPod') await clock.advance(60_000)
  }
  const spec = { taskTimeoutIntervalMs: 30_000, steps: [runStep('sleep'), runStep('true')] }
  await create().submit(anExecutorTask({ spec }))
  await begun
  await clock.advance(29_999)
  expect(driver.execs[1]?.process.signals).toEqual([])
  await clock.advance(1)
  const status = await runService.finished()
  expect(status).toMatchObject({ phase: 'failed', timedout: true })
  expect(status.steps[0]?.phase).toBe('failed')
  expect(await logOf(0)).toContain('longer than its timeout')
})

test('tells where its tasks are: what a set-up says, what leads into a pod, and who waits for a place', async () => {
  const creating = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  driver.fault = async (method) => {
    if (method !== 'createPod') return
    creating.resolve()
    await go.promise
  }
  const begun = started('sleep')
  create({ activeTasksLimit: 1 })
  await executor.submit(anExecutorTask({ spec: { steps: [runStep('sleep')], secretValues: ['starting'] } }))
  await executor.submit(anExecutorTask({ id: 'task-2', runTaskId: 'second' }))
  await creating.promise
  await settled()
  expect(executor.places).toMatchObject([
    { isWaiting: false, setUpMessage: '*** the pod', entrance: null },
    { runTaskId: 'second', isWaiting: true, setUpMessage: '', entrance: null },
  ])
  go.resolve()
  await begun
  expect(executor.places[0]).toMatchObject({ isWaiting: false, setUpMessage: '', entrance: 'enter the fake' })
  await executor.close()
  expect(executor.places.filter(({ isWaiting }) => !isWaiting)).toEqual([])
})

test('a task times out in time, and ends well, though the wall clock is set back by an hour meanwhile', async () => {
  const begun = started('sleep')
  await create().submit(anExecutorTask({ spec: { taskTimeoutIntervalMs: 30_000, steps: [runStep('sleep')] } }))
  await begun
  await clock.advance(10_000)
  clock.jumpTo(clock.now() - 3_600_000)
  await clock.advance(19_999)
  expect(driver.execs[1]?.process.signals).toEqual([])
  await clock.advance(1)
  expect(await runService.finished()).toMatchObject({ phase: 'failed', timedout: true, steps: [{ phase: 'failed' }] })
})

test('a stop after the timeout leaves the task failed and its step stopped', async () => {
  const begun = Promise.withResolvers<void>()
  driver.when('sleep', async (process) => {
    process.trap(() => undefined)
    begun.resolve()
    return await never()
  })
  const task = anExecutorTask({ spec: { taskTimeoutIntervalMs: 1000, steps: [runStep('sleep')] } })
  await create().submit(task)
  await begun.promise
  await clock.advance(1000)
  await executor.submit({ ...task, stop: true })
  await clock.advance(20_000)
  expect(await runService.finished()).toMatchObject({ phase: 'failed', timedout: true, steps: [{ phase: 'stopped' }] })
})

test.each([
  [{ reason: 'outOfMemory', exitCode: 137 } as const, 'main container ended (out of memory)'],
  [{ reason: 'exited', exitCode: 3 } as const, 'main container ended (exit code 3)'],
  [{ reason: 'removed', exitCode: null } as const, 'main container ended (removed from outside)'],
  [{ reason: 'lost', exitCode: null } as const, 'main container ended (connection to the container engine lost)'],
])('the end of the main container (%s) fails the step and says so', async (end, message) => {
  const begun = started('sleep')
  await create().submit(anExecutorTask({ spec: { steps: [runStep('sleep')] } }))
  await begun
  driver.endPod(driver.pods[0]?.id ?? '', end)
  const status = await runService.finished()
  expect(status).toMatchObject({ phase: 'failed', failError: message, steps: [{ phase: 'failed', exitStatus: null }] })
  expect(await logOf(0)).toContain(message)
})

test('a command killed together with its container is explained, although the news of the container comes later', async () => {
  driver.when('make', async () => {
    queueMicrotask(() => driver.endPod(driver.pods[0]?.id ?? '', { reason: 'outOfMemory', exitCode: 137 }))
    return 137
  })
  await create().submit(anExecutorTask({ spec: { steps: [runStep('make')] } }))
  expect((await runService.finished()).failError).toBe('main container ended (out of memory)')
})

test('the final state is sent until it is acknowledged, whatever ended the task', async () => {
  let failures = 3
  runService.fault = (method) => {
    if (method === 'sendExecutorTaskStatus' && failures-- > 0) throw new AgolaError('storeUnreachable', 'down')
  }
  await create().submit(anExecutorTask({ spec: { steps: [runStep('true')] } }))
  while (runService.reports.at(-1)?.status.phase !== 'success') await clock.advance(100)
  expect(fixture.warnings).toHaveLength(3)
})

test('while a report is on its way later ones wait, and only the newest of them is sent', async () => {
  const held = Promise.withResolvers<void>()
  let calls = 0
  runService.fault = async (method) => {
    if (method === 'sendExecutorTaskStatus' && calls++ === 0) await held.promise
  }
  const last = Promise.withResolvers<void>()
  driver.when('last', () => {
    last.resolve()
    return 0
  })
  await create().submit(anExecutorTask({ spec: { steps: [runStep('a'), runStep('b'), runStep('last')] } }))
  await last.promise
  held.resolve()
  const status = await runService.finished()
  expect(status.phase).toBe('success')
  expect(runService.reports.length).toBeLessThanOrEqual(3)
})

test('no more tasks run than the limit allows; the next starts as soon as one ends', async () => {
  const ends: (() => void)[] = []
  driver.when('work', () => new Promise((resolve) => ends.push(() => resolve(0))))
  create({ activeTasksLimit: 2, listenUrl: 'http://executor.example' })
  for (const id of ['a', 'b', 'c']) await executor.submit(anExecutorTask({ id, spec: { steps: [runStep('work')] } }))
  while (ends.length < 2) await clock.advance(0)
  expect(executor.activeTasks).toBe(3)
  expect(driver.requests.map((request) => request.taskId).sort()).toEqual(['a', 'b'])
  ends[1]?.()
  while (ends.length < 3) await clock.advance(0)
  expect(driver.requests.at(-1)?.taskId).toBe('c')
  ends[0]?.()
  ends[2]?.()
  await Promise.all(['a', 'b', 'c'].map((id) => runService.finished(id)))
  await runService.executorStatus((status) => status.activeTasks === 0)
})

test('a task that waits for a place can be stopped', async () => {
  const begun = started('work')
  create({ activeTasksLimit: 1 })
  await executor.submit(anExecutorTask({ id: 'a', spec: { steps: [runStep('work')] } }))
  await begun
  await executor.submit(anExecutorTask({ id: 'b' }))
  await executor.submit(anExecutorTask({ id: 'b', stop: true }))
  expect((await runService.finished('b')).phase).toBe('cancelled')
  expect(executor.activeTasks).toBe(1)
})

test('what another executor shall do is left alone', async () => {
  await create().submit(anExecutorTask({ executorId: 'executor-2' }))
  await executor.prepare(anExecutorTask({ executorId: 'executor-2' }))
  expect(driver.requests).toEqual([])
  expect(executor.activeTasks).toBe(0)
})

test('a task that ran in an earlier life of the executor is reported as failed', async () => {
  const running = { phase: 'running' as const, exitStatus: null, startTime: 1, endTime: null }
  const task = anExecutorTask()
  task.status = { ...task.status, phase: 'running', setupStep: running, steps: [running] }
  runService.tasks.set(task.id, task)
  await create().updateTasks(signal)
  const status = await runService.finished()
  expect(phases(status)).toEqual(['failed', 'failed', 'failed'])
  expect(status.failError).toContain('restarted')
  expect(status.steps[0]?.endTime).toBe(clock.now())
})

test('a finished task that the runservice still lists does not run again', async () => {
  const task = anExecutorTask()
  task.status.phase = 'success'
  runService.tasks.set(task.id, task)
  await create().updateTasks(signal)
  expect(driver.requests).toEqual([])
  expect(runService.reports).toEqual([])
})

test('tasks that the runservice lists start and stop as if they had been submitted; those that it does not are ended', async () => {
  const begun = started('work')
  runService.tasks.set('task-1', anExecutorTask({ spec: { steps: [runStep('work')] } }))
  await create().updateTasks(signal)
  await begun
  runService.tasks.clear()
  const reports = runService.reports.length
  await executor.updateTasks(signal)
  while (driver.pods.length > 0) await clock.advance(0)
  expect(executor.activeTasks).toBe(0)
  expect(runService.reports).toHaveLength(reports)
})

test('a task submitted while the list is asked for is not taken for one that is gone', async () => {
  const held = Promise.withResolvers<void>()
  runService.fault = async (method) => {
    if (method === 'listExecutorTasks') await held.promise
  }
  const updating = create().updateTasks(signal)
  driver.when('work', 0)
  await executor.submit(anExecutorTask({ spec: { steps: [runStep('work')] } }))
  held.resolve()
  await updating
  expect((await runService.finished()).phase).toBe('success')
})

test('data of a task goes once the runservice no longer knows it', async () => {
  const task = anExecutorTask({ spec: { steps: [runStep('true')] } })
  runService.tasks.set(task.id, task)
  await create().submit(task)
  await runService.finished()
  await executor.cleanData(signal)
  expect(await logOf(0)).toBe('')
  runService.tasks.clear()
  await executor.cleanData(signal)
  await expect(logOf(0)).rejects.toMatchObject({ code: 'logDoesNotExist' })
  expect(await readdir(join(fixture.dataDir, 'tasks'))).toEqual([])
})

test('an id from elsewhere never leaves the data directory', async () => {
  await create().submit(anExecutorTask({ id: '../../x' }))
  await runService.finished('../../x')
  expect(await readdir(fixture.dataDir)).toEqual(['tasks'])
  await expect(logOf(0, '..')).rejects.toMatchObject({ code: 'logDoesNotExist' })
})

test('the status of the executor tells what it can do and who lives', async () => {
  driver.described.privilegedContainers = true
  create({ siblings: async () => ['executor-2'], labels: { a: 'b' }, allowPrivileged: true })
  await executor.sendStatus(signal)
  expect(runService.executorStatuses.at(-1)).toEqual({
    listenUrl: '',
    archs: ['amd64'],
    labels: { a: 'b' },
    allowPrivilegedContainers: true,
    activeTasksLimit: 2,
    activeTasks: 0,
    dynamic: true,
    executorGroup: 'group-1',
    siblingsExecutors: ['executor-1', 'executor-2'],
  })
})

test('closing ends everything at once and leaves no pod', async () => {
  const begun = started('work')
  await create().submit(anExecutorTask({ spec: { steps: [runStep('work')] } }))
  await begun
  await executor.prepare(anExecutorTask({ id: 'prepared' }))
  await executor.close()
  expect(driver.pods).toEqual([])
  expect((await runService.finished()).phase).toBe('stopped')
  await executor.submit(anExecutorTask({ id: 'late' }))
  expect(driver.requests.map((request) => request.taskId)).not.toContain('late')
})

test('closing does not wait for a runservice that is gone', async () => {
  runService.fault = () => Promise.reject(new AgolaError('storeUnreachable', 'down'))
  await create().submit(anExecutorTask({ spec: { steps: [runStep('true')] } }))
  while (executor.activeTasks > 0) await clock.advance(0)
  const closing = executor.close()
  await clock.advance(10_000)
  await closing
})

test('closing waits for nothing when it is known that nobody listens', async () => {
  runService.fault = () => Promise.reject(new AgolaError('diskFull', 'no room'))
  await create().submit(anExecutorTask({ spec: { steps: [runStep('true')] } }))
  while (executor.activeTasks > 0) await clock.advance(0)
  await executor.close({ unheard: true })
  expect(driver.pods).toEqual([])
})

test('a log that cannot be found says so', async () => {
  create()
  const error = await executor.openLog({ taskId: 'none', step: 0 }).catch((thrown: unknown) => thrown)
  expect(hasCode(error, 'logDoesNotExist')).toBe(true)
  await expect(executor.openArchive('none', 0)).rejects.toMatchObject({ code: 'archiveDoesNotExist' })
})

test.each([
  ['failed', 'failed', true],
  ['failed', 'success', false],
  ['always', 'success', true],
  ['always', 'stopped', false],
] as const)(
  'with the wish to keep pods "%s", that of a task which ends as %s is kept: %s',
  async (which, phase, isKept) => {
    const begun = phase === 'stopped' ? started('the step') : driver.when('the step', phase === 'success' ? 0 : 1)
    const keeping = create({ keep: { which, forMs: 60_000 } })
    const task = anExecutorTask({ spec: { steps: [runStep('the step')] } })
    await keeping.submit(task)
    await begun
    if (phase === 'stopped') await keeping.submit({ ...task, stop: true })
    expect((await runService.finished()).phase).toBe(phase)
    await keeping.cleanPods(signal)
    expect(await logOf(null)).toContain('look into it with: enter the fake')
    await keeping.close()
    const pods = await driver.listPods()
    expect(pods.map(({ keepUntil }) => keepUntil)).toEqual(isKept ? [clock.now() + 60_000] : [])
    for (const { podId } of pods) await driver.removePod(podId)
  },
)

test('a line of the output masks a value in all logs of its run, where that is asked for', async () => {
  driver.when('echo one', async (process) => {
    await process.write('value is hunter22\n::agola-add-')
    await process.writeError('errors of hunter22\n')
    await process.write('mask::hunter22\nthen hunt')
    await process.write('er22, aHVudGVyMjI= and the rest\n::agola-add-mask::ab')
    return 0
  })
  driver.when('echo two', async (process) => {
    await process.writeError('hunter22 again\n')
    return 0
  })
  const steps = [runStep('echo one'), runStep('echo two')]
  await create({ runtimeMasks: true }).submit(anExecutorTask({ spec: { steps } }))
  await runService.finished()
  expect(await logOf(0)).toBe(
    'value is hunter22\nerrors of hunter22\nthen ***, ***I= and the rest\nagola: a value is not masked: too short\n',
  )
  expect(await logOf(1)).toBe('*** again\n')
  await executor.submit(
    anExecutorTask({ id: 'task-2', runTaskId: 'run-task-2', spec: { steps: [runStep('echo two')] } }),
  )
  await runService.finished('task-2')
  expect(await logOf(0, 'task-2')).toBe('*** again\n')
  await executor.submit(anExecutorTask({ id: 'task-3', runId: 'run-2', spec: { steps: [runStep('echo two')] } }))
  await runService.finished('task-3')
  expect(await logOf(0, 'task-3')).toBe('hunter22 again\n')
})

test('lines of the output mask nothing where that is not asked for', async () => {
  driver.when('echo one', async (process) => {
    await process.write('::agola-add-mask::hunter22\nhunter22\n')
    return 0
  })
  await create().submit(anExecutorTask({ spec: { steps: [runStep('echo one')] } }))
  await runService.finished()
  expect(await logOf(0)).toBe('::agola-add-mask::hunter22\nhunter22\n')
})

test('a task for other processors is taken where the engine emulates, with a warning or the reason why it cannot', async () => {
  await create().sendStatus(signal)
  expect(runService.executorStatuses.at(-1)?.archs).toEqual(['amd64'])
  const spec = { arch: 'arm64' as const, steps: [runStep('true')] }
  await create({ emulates: true }).submit(anExecutorTask({ spec }))
  expect((await runService.finished()).phase).toBe('success')
  expect(await logOf(null)).toContain('warning: arm64 is emulated on amd64')
  await executor.sendStatus(signal)
  expect(runService.executorStatuses.at(-1)?.archs).toEqual(['386', 'amd64', 'arm', 'arm64'])
  driver.when('/bin/sh -c :', async (process) => {
    await process.write('exec /bin/sh: exec format error\n')
    return 126
  })
  await executor.submit(anExecutorTask({ id: 'task-2', spec }))
  expect((await runService.finished('task-2')).failError).toContain('cannot emulate arm64: install qemu-user-static')
})
