import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Executor } from '../../../src/engine/executor/executor.ts'
import { PausedSteps } from '../../../src/engine/executor/paused-steps.ts'
import { hasCode } from '../../../src/engine/model/errors.ts'
import type { ExecutorTaskStatus } from '../../../src/engine/model/executor-task.ts'
import { anExecutorTask, type GivenExecutorTask, runStep } from '../../support/an-executor-task.ts'
import type { FakeBehaviour } from '../../support/fake-process.ts'
import { settled } from '../../support/sim-clock.ts'
import { ExecutorFixture } from './executor-fixture.ts'

const hourMs = 3_600_000

let fixture: ExecutorFixture
let pauses: PausedSteps
let executor: Executor
/** Exit codes of the step, try by try. */
let exitCodes: number[]

beforeEach(async () => {
  fixture = await ExecutorFixture.make()
  pauses = new PausedSteps({ clock: fixture.clock, expiryMs: hourMs })
  executor = fixture.create({ pauses })
  exitCodes = [3, 0]
  fixture.driver.when('make test', async (process) => {
    await process.write(`try ${fixture.driver.execs.length}\n`)
    return exitCodes.shift() ?? 0
  })
})

afterEach(() => fixture.end())

const steps = [runStep('make'), runStep('make test', { environment: { A: 'step' } }), runStep('echo done')]

/** Resolves when the task is paused as the runservice sees it. */
async function paused(given: GivenExecutorTask = {}): Promise<ExecutorTaskStatus> {
  await executor.submit(anExecutorTask({ ...given, spec: { steps, ...given.spec } }))
  return await fixture.runService.status('task-1', ({ paused }) => paused !== undefined)
}

function phases({ phase, steps }: ExecutorTaskStatus): string[] {
  return [phase, ...steps.map((step) => step.phase)]
}

async function logOf(step: number): Promise<string> {
  return text((await executor.openLog({ taskId: 'task-1', step })).stream())
}

test('a failing step is paused: its task and itself go on running, its pod stays', async () => {
  const status = await paused()
  expect(phases(status)).toEqual(['running', 'success', 'running', 'notstarted'])
  const now = fixture.clock.now()
  expect(status.paused).toEqual({ step: 1, exitStatus: 3, since: now, until: now + hourMs })
  expect(fixture.driver.pods).toHaveLength(1)
  expect(pauses.list()).toMatchObject([{ taskId: 'task-1', taskName: 'task-1', stepName: 'make test' }])
})

test('a step that is tried again and succeeds lets the task go on and succeed', async () => {
  await paused()
  pauses.decide('task-1', 'retry')
  const status = await fixture.runService.finished()
  expect(phases(status)).toEqual(['success', 'success', 'success', 'success'])
  expect(status.steps[1]?.exitStatus).toBe(0)
  expect(status.paused).toBeUndefined()
  expect(await logOf(1)).toMatch(/^try 3\nagola: failed with exit code 3.*\nagola: trying again\ntry 4\n$/)
})

test('a step that fails again is paused again', async () => {
  exitCodes = [3, 4, 0]
  await paused()
  pauses.decide('task-1', 'retry')
  await fixture.runService.status('task-1', (status) => status.paused?.exitStatus === 4)
  pauses.decide('task-1', 'retry')
  expect(await fixture.runService.finished()).toMatchObject({ phase: 'success' })
})

test('a skipped step counts as successful, with the exit code it had', async () => {
  await paused()
  pauses.decide('task-1', 'skip')
  const status = await fixture.runService.finished()
  expect(phases(status)).toEqual(['success', 'success', 'success', 'success'])
  expect(status.steps[1]?.exitStatus).toBe(3)
})

test('continue lets the failure stand', async () => {
  await paused()
  pauses.decide('task-1', 'continue')
  const status = await fixture.runService.finished()
  expect(phases(status)).toEqual(['failed', 'success', 'failed', 'notstarted'])
  expect(status.steps[1]?.exitStatus).toBe(3)
  expect(status.paused).toBeUndefined()
})

test('nobody decides: the failure stands after the expiry', async () => {
  await paused()
  await fixture.clock.advance(hourMs - 1)
  expect(pauses.list()).toHaveLength(1)
  await fixture.clock.advance(1)
  expect(phases(await fixture.runService.finished())).toEqual(['failed', 'success', 'failed', 'notstarted'])
  expect(await logOf(1)).toContain('nobody came')
})

test('a stop ends the pause: the step stays failed, the task is stopped', async () => {
  await paused()
  await executor.submit(anExecutorTask({ stop: true }))
  const status = await fixture.runService.finished()
  expect(phases(status)).toEqual(['stopped', 'success', 'failed', 'notstarted'])
  expect(status.paused).toBeUndefined()
})

test('closing the executor ends the pause and removes the pod', async () => {
  await paused()
  await executor.close()
  expect(fixture.driver.pods).toEqual([])
  expect(await fixture.runService.finished()).toMatchObject({ phase: 'stopped' })
})

test('a pod that goes away during the pause ends it, and the task says why', async () => {
  await paused()
  fixture.driver.endPod(fixture.driver.pods[0]?.id ?? '', { reason: 'removed', exitCode: null })
  expect(await fixture.runService.finished()).toMatchObject({
    phase: 'failed',
    failError: 'main container ended (removed from outside)',
  })
})

test('the timeout of the task stands still during a pause, and counts on afterwards', async () => {
  const begun = Promise.withResolvers<void>()
  let tries = 0
  const behaviour: FakeBehaviour = async () => {
    tries += 1
    if (tries === 1) await fixture.clock.sleep(20_000)
    if (tries === 1) return 1
    begun.resolve()
    return await new Promise<number>(() => undefined)
  }
  fixture.driver.when('make test', behaviour)
  const pausing = paused({ spec: { taskTimeoutIntervalMs: 30_000 } })
  while (tries === 0) await settled()
  await fixture.clock.advance(20_000)
  await pausing
  await fixture.clock.advance(hourMs - 1)
  pauses.decide('task-1', 'retry')
  await begun.promise
  await fixture.clock.advance(9_999)
  expect(fixture.driver.execs.at(-1)?.process.signals).toEqual([])
  await fixture.clock.advance(1)
  expect(await fixture.runService.finished()).toMatchObject({ phase: 'failed', timedout: true })
})

test('a shell gets the user, the directory, the environment and the shell of the step', async () => {
  await paused({ spec: { user: 'dev', environment: { A: 'task', SECRET: 'hidden' } } })
  const output: Buffer[] = []
  fixture.driver.when('agola /root/project shell /bin/sh', async (process) => {
    await process.write(`read ${await process.readStdin()}`)
    return 5
  })
  const stdout = new PassThrough().on('data', (chunk: Buffer) => output.push(chunk))
  const tty = { columns: 100, rows: 30 }
  const request = { command: [], tty, environment: { TERM: 'xterm', A: 'mine' }, stdout, stderr: null }
  const shell = await pauses.openShell('task-1', request)
  shell.stdin?.end('exit 5\n')
  expect(await shell.wait()).toBe(5)
  expect(Buffer.concat(output).toString()).toBe('read exit 5\n')
  expect(fixture.driver.execs.at(-1)?.request).toMatchObject({
    user: 'dev',
    tty,
    environment: { A: 'step', SECRET: 'hidden', TERM: 'xterm' },
  })
  pauses.decide('task-1', 'continue')
  await fixture.runService.finished()
})

test('while a shell is open the pause does not expire', async () => {
  const { until = 0 } = (await paused()).paused ?? {}
  fixture.driver.when('agola /root/project shell', () => new Promise<number>(() => undefined))
  const request = { command: [], tty: null, environment: {}, stdout: new PassThrough(), stderr: null }
  const shell = await pauses.openShell('task-1', request)
  await fixture.clock.advance(hourMs)
  await fixture.runService.status('task-1', ({ paused }) => paused?.until === until + hourMs)
  await shell.kill('KILL')
  await fixture.clock.advance(hourMs)
  expect(await fixture.runService.finished()).toMatchObject({ phase: 'failed' })
})

test('who decides about a task that is not paused hears so', async () => {
  const code = (error: unknown) => hasCode(error, 'taskNotPaused')
  expect(() => pauses.decide('task-1', 'retry')).toThrow(expect.toSatisfy(code))
})
