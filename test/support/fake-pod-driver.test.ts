import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { hasCode } from '../../src/engine/model/errors.ts'
import type { ExecRequest, PodRequest } from '../../src/engine/ports/pod-driver.ts'
import { FakePodDriver } from './fake-pod-driver.ts'

const request: PodRequest = {
  podId: 'pod-1',
  taskId: 'task-1',
  executorId: 'executor-1',
  arch: '',
  containers: [
    { image: 'busybox', environment: { A: '1' }, user: '', privileged: false, entrypoint: '', volumes: [] },
    { image: 'database', environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] },
  ],
  registriesAuth: {},
  pull: 'missing',
  labels: { 'agola.io/mode': 'local' },
}
const options = { onMessage: () => undefined }

function command(...words: string[]): ExecRequest {
  return {
    command: words,
    environment: {},
    workingDir: '',
    user: '',
    tty: null,
    stdin: false,
    stdout: null,
    stderr: null,
  }
}

test('a scripted command writes, reads its input and exits with its number', async () => {
  const driver = new FakePodDriver().when('wc', async (process) => {
    await process.write(String((await process.readStdin()).length))
    return 3
  })
  const pod = await driver.createPod(request, options)
  const stdout = new PassThrough()
  const exec = await pod.exec({ ...command('wc', '-c'), stdin: true, stdout })
  exec.stdin?.end('hello')
  expect(await exec.wait()).toBe(3)
  expect(await text(stdout.end())).toBe('5')
})

test('a signal ends a command unless its script traps it', async () => {
  const driver = new FakePodDriver()
    .when('sleep', () => new Promise(() => undefined))
    .when('trap', async (process) => ((await process.nextSignal()) === 'TERM' ? 7 : 8))
  const pod = await driver.createPod(request, options)
  const sleeping = await pod.exec(command('sleep', '100'))
  await sleeping.kill('TERM')
  expect(await sleeping.wait()).toBe(143)
  const trapping = await pod.exec(command('trap'))
  await trapping.kill('TERM')
  expect(await trapping.wait()).toBe(7)
})

test('a caller that breaks the contract is told so and remembered', async () => {
  const driver = new FakePodDriver()
  const pod = await driver.createPod(request, options)
  await expect(driver.createPod(request, options)).rejects.toThrow('twice')
  await pod.remove()
  await expect(pod.exec(command('true'))).rejects.toThrow('exec after remove')
  expect(driver.violations).toHaveLength(2)
})

test('a pod that ended from outside ends its commands and refuses new ones, which is no fault of the caller', async () => {
  const driver = new FakePodDriver().when('sleep', () => new Promise(() => undefined))
  const pod = await driver.createPod(request, options)
  const exec = await pod.exec(command('sleep', '100'))
  driver.endPod('pod-1', { reason: 'outOfMemory', exitCode: 137 })
  const waited = await exec.wait().catch((error: unknown) => error)
  expect(hasCode(waited, 'podDoesNotExist')).toBe(true)
  expect(await pod.ended).toEqual({ reason: 'outOfMemory', exitCode: 137 })
  expect(hasCode(await pod.exec(command('true')).catch((error: unknown) => error), 'podDoesNotExist')).toBe(true)
  expect(driver.violations).toEqual([])
})

test('after a crash a sibling finds and removes what is left', async () => {
  const driver = new FakePodDriver()
  await driver.createPod(request, options)
  const sibling = driver.crash()
  expect(await sibling.listPods()).toMatchObject([{ podId: 'pod-1', executorId: 'executor-1', taskId: '' }])
  await sibling.removePod('pod-1')
  expect(await sibling.listPods()).toEqual([])
})
