import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExecutorContainer, ExecutorStep } from '../../../../src/engine/model/executor-task.ts'
import { startEngineSetup } from '../../../contract/pod-driver-engine.ts'
import { runStep } from '../../../support/an-executor-task.ts'
import { dockerEngine } from '../../../support/docker-engine.ts'
import { TestImages } from '../../../support/docker-images.ts'
import { StepWorld } from './step-world.ts'

let world: StepWorld
let images: TestImages
let end: () => Promise<void>

beforeAll(async () => {
  const started = await dockerEngine()
  const setup = await startEngineSetup(started)
  images = new TestImages(started.engine)
  world = await StepWorld.make(setup.driver(), setup.image)
  end = async () => {
    await world.end()
    await images.removeAll()
    await setup.end()
  }
})
afterAll(() => end?.())

const container = (image: string, given: Partial<ExecutorContainer> = {}): ExecutorContainer => ({
  ...{ image, environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] },
  ...given,
})
const save = (paths: string[] = ['**']): ExecutorStep => ({
  type: 'save_to_workspace',
  name: 'save',
  contents: [{ sourceDir: '.', destDir: '', paths }],
})
const restore: ExecutorStep = { type: 'restore_workspace', name: 'restore', destDir: '' }
const clone: ExecutorStep = { type: 'clone', name: 'clone', depth: 0, recurseSubmodules: false }

test('in an image without a shell the set-up works, a step fails clearly, and files can be saved and restored', async () => {
  const containers = [container(await images.onlyTrue())]
  const failed = await world.run([runStep('true')], { containers })
  expect(failed.status).toMatchObject({ setupStep: { phase: 'success' }, phase: 'failed' })
  expect(failed.logs[0]).toContain('the shell "/bin/sh" does not exist in this image')
  const shell = '/mnt/agola/busybox sh -e'
  const id = await world.submit([runStep('echo ok >file; echo ran', { shell }), save()], { containers })
  const saved = await world.outcome(id)
  expect(saved.logs[0], 'there is no /tmp for the script').toBe('ran\n')
  const operation = await world.keepArchive(id, 1)
  const restored = await world.run([restore, runStep('while read -r line; do echo "$line"; done <file', { shell })], {
    ...{ containers, workspaceOperations: [operation] },
  })
  expect(restored.logs[1]).toBe('ok\n')
})

test.each([
  ['of the task', { user: 'dev' }, {}],
  ['of the container', {}, { user: '1000:1000' }],
])('the user %s owns its directory, and restores directories that nobody may write', async (_, spec, given) => {
  const containers = [container(world.image, given)]
  const make =
    'id -u; pwd; mkdir -p ro/deep; echo 1 >ro/deep/f; ln -s ../deep/f ro/deep/l; chmod 0444 ro/deep/f; chmod 0555 ro/deep; chmod 0511 ro'
  const id = await world.submit([runStep(make), save()], { containers, ...spec })
  const saved = await world.outcome(id)
  expect(saved.logs[0]).toBe('1000\n/home/dev/project\n')
  const operation = await world.keepArchive(id, 1)
  const show = 'stat -c "%n %a %u" ro ro/deep ro/deep/f; cat ro/deep/l'
  const { logs, status } = await world.run([restore, runStep(show)], {
    containers,
    ...spec,
    workspaceOperations: [operation],
  })
  expect(status.phase, logs.join('\n')).toBe('success')
  expect(logs[1]).toBe('ro 511 1000\nro/deep 555 1000\nro/deep/f 444 1000\n1\n')
})

test('a working directory on a tmpfs is seen by all kinds of steps', async () => {
  const volumes = [{ path: '/mem', tmpfsSizeBytes: 32 * 1024 * 1024 }]
  const spec = { containers: [container(world.image, { volumes })], workingDir: '/mem/project' }
  const cache: ExecutorStep = {
    type: 'save_cache',
    name: '',
    key: 'tmpfs-{{ sha256sum "f" }}',
    contents: [{ sourceDir: '.', destDir: '', paths: [] }],
  }
  const id = await world.submit([clone, runStep('df -P . | tail -1 | cut -d" " -f1; echo 1 >f'), save(), cache], spec)
  const saved = await world.outcome(id)
  expect(saved.status.phase, saved.logs.join('\n')).toBe('success')
  expect(saved.logs[1]).toBe('tmpfs\n')
  const workspaceOperations = [await world.keepArchive(id, 2)]
  const hit: ExecutorStep = { type: 'restore_cache', name: '', keys: ['tmpfs-'], destDir: 'c' }
  const { logs } = await world.run([restore, hit, runStep('cat f c/f')], { ...spec, workspaceOperations })
  expect(logs[2]).toBe('1\n1\n')
})

test('a working directory that its user may not make fails the set-up, which says why', async () => {
  const containers = [container(await images.onlyTrue())]
  const { status, setUpLog } = await world.run([], { containers, user: '4242' })
  expect(status).toMatchObject({
    phase: 'failed',
    failError: expect.stringContaining('~/project could not be created'),
  })
  expect(setUpLog).toContain("can't create directory '/project': Permission denied")
})

test('a step with a terminal sees one of the right size, and is interrupted by ^C', async () => {
  // Engines before API 1.42 get the size only after the start.
  const sized = 'until [ -n "$(stty size 2>/dev/null)" ]; do sleep 0.05; done; stty size'
  const size = await world.run([runStep(`[ -t 0 ] && [ -t 1 ] && echo terminal; ${sized}`, { tty: true })])
  expect(size.logs[0]).toMatch(/^terminal\r\n40 120\r\n$/)
  const task = world.task([
    runStep('trap "echo bye; exit 9" INT; echo ready; while :; do sleep 0.1; done', { tty: true }),
  ])
  await world.executor.submit(task)
  await world.runService.status(task.id, (status) => status.steps[0]?.phase === 'running')
  const log = await world.executor.openLog({ taskId: task.id, step: 0 }, { follow: true })
  let seen = ''
  for await (const chunk of log.stream()) {
    seen += String(chunk)
    if (seen === 'ready\r\n') await world.executor.submit({ ...task, stop: true })
  }
  expect(seen).toContain('bye\r\n')
  expect((await world.outcome(task.id)).status.steps[0]).toMatchObject({ phase: 'stopped', exitStatus: 9 })
})

test('a clone warns once for an image without git', async () => {
  const first = await world.run([clone], { containers: [container(await images.onlyTrue())] })
  expect(first.logs[0]).toContain('has no git')
  const again = await world.run([clone], { containers: [container(await images.onlyTrue())] })
  expect(again.logs[0]).not.toContain('has no git')
  const withGit = await world.run([clone], { containers: [container(await images.gitAndBash())] })
  expect(withGit.logs[0]).not.toContain('has no git')
})

test('a main container that ends fails the step with the reason', async () => {
  const { status, logs } = await world.run([runStep('kill -USR2 1; sleep 20')])
  expect(status).toMatchObject({ phase: 'failed', failError: expect.stringMatching(/^main container ended/) })
  expect(logs[0]).toContain('main container ended')
})
