import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DockerDriver } from '../../../../../src/engine/adapters/drivers/docker/driver.ts'
import { probeEngine } from '../../../../../src/engine/adapters/drivers/docker/probe.ts'
import { hasCode } from '../../../../../src/engine/model/errors.ts'
import type { Pod } from '../../../../../src/engine/ports/pod-driver.ts'
import { dockerEngine } from '../../../../support/docker-engine.ts'
import {
  aContainer,
  anExecRequest,
  aPodRequest,
  type DockerWorld,
  runIn,
  startDockerWorld,
} from '../../../../support/docker-world.ts'

let world: DockerWorld
let driver: DockerDriver
let busybox: string

beforeAll(async () => {
  world = await startDockerWorld(await dockerEngine())
  driver = world.createDriver()
  busybox = await world.images.busybox()
})

afterEach(async () => {
  for (const { podId } of await driver.listPods()) await driver.removePod(podId)
  expect(await world.leftovers()).toEqual([])
})

afterAll(async () => {
  await driver.close()
  await world.end()
})

const quiet = { onMessage: () => undefined }
const create = (): Promise<Pod> => driver.createPod(aPodRequest([aContainer(busybox)]), quiet)
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )

const mainOf = async (pod: { id: string }) => (await world.mainOf(pod.id)).containerId

test('a main container that is removed from outside ends the pod and its commands', async () => {
  const pod = await create()
  const exec = await pod.exec(anExecRequest(['sleep', '1000']))
  const waited = errorOf(exec.wait())
  await world.client.json('DELETE', `/containers/${await mainOf(pod)}`, { query: { force: true } })
  expect(['exited', 'removed']).toContain((await pod.ended).reason)
  expect(hasCode(await waited, 'podDoesNotExist') || (await exec.wait()) === 137).toBe(true)
  expect(hasCode(await errorOf(pod.exec(anExecRequest(['true']))), 'podDoesNotExist')).toBe(true)
  await exec.kill('TERM')
  await pod.stop(1000)
})

test('a main container that is killed from outside tells its exit code', async () => {
  const pod = await create()
  await world.client.json('POST', `/containers/${await mainOf(pod)}/kill`, { query: { signal: 'KILL' } })
  expect(await pod.ended).toEqual({ reason: 'exited', exitCode: 137 })
})

function startOrphan(podId: string, keepUntil = 0): ChildProcess {
  const script = fileURLToPath(new URL('orphan.ts', import.meta.url))
  const words = [world.engine.endpoint.url, world.groupId, busybox, podId, String(keepUntil)]
  return spawn(process.execPath, [script, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function killOnceRunning(orphan: ChildProcess): Promise<void> {
  if (orphan.stdout === null) throw new Error('no output')
  const [line] = (await once(orphan.stdout, 'data')) as [Buffer]
  expect(line.toString()).toBe('running\n')
  const exited = once(orphan, 'exit')
  orphan.kill('SIGKILL')
  await exited
}

test('the main container ends when the process that made it is killed; a sibling removes the rest', async () => {
  await killOnceRunning(startOrphan('orphan-1'))
  for (let names = 2; names !== 1; names = (await world.leftovers()).length) await new Promise(setImmediate)
  expect(await driver.listPods()).toMatchObject([{ podId: 'orphan-1', executorId: 'executor', taskId: 'task' }])
  await driver.removePod('orphan-1')
})

test('a pod that is to be kept survives the process that made it', async () => {
  const keepUntil = Math.floor(Date.now() / 1000) * 1000 + 600_000
  await killOnceRunning(startOrphan('orphan-2', keepUntil))
  expect(await driver.listPods()).toMatchObject([{ podId: 'orphan-2', keepUntil }])
  expect(await world.leftovers()).toHaveLength(2)
  expect(await mainOf({ id: 'orphan-2' })).not.toBe('')
})

test('an abort at any moment of the creation leaves nothing', async () => {
  const containers = [aContainer(busybox), aContainer(busybox, { entrypoint: 'sleep 1000' })]
  for (let delayMs = 0; delayMs < 400; delayMs += 25) {
    const request = aPodRequest(containers)
    const made = await driver.createPod(request, { ...quiet, signal: AbortSignal.timeout(delayMs) }).catch(() => null)
    await made?.remove()
    expect(await world.leftovers()).toEqual([])
  }
})

async function toolsOf(image: string): Promise<string[]> {
  const filters = { label: [`agola.io/toolsimage=${image}`] }
  const { Volumes } = (await world.client.json('GET', '/volumes', { query: { filters } })) as {
    Volumes: { Name: string }[] | null
  }
  return (Volumes ?? []).map(({ Name }) => Name)
}

test('a tools volume that is missing is made, one that is empty is filled, and pods at once share it', async () => {
  const image = await world.images.tag(busybox, 'agola-test-tools', world.groupId)
  const tools = { image, hostBusyboxPaths: [] }
  const first = world.createDriver({ tools })
  const request = () => aPodRequest([aContainer(busybox)])
  const pods = await Promise.all([1, 2, 3].map(() => first.createPod(request(), quiet)))
  const [name, ...more] = await toolsOf(image)
  expect(more).toEqual([])
  for (const pod of pods) {
    expect(await runIn(pod, [...pod.toolbox('echo'), 'x'])).toMatchObject({ stdout: 'x\n' })
    await pod.remove()
  }
  await first.close()

  // What a process that was killed between two requests leaves: a volume with nothing in it.
  const volume = (await world.client.json('GET', `/volumes/${name}`)) as { Labels: Record<string, string> }
  await world.client.json('DELETE', `/volumes/${name}`)
  await world.client.json('POST', '/volumes/create', { body: { Name: name, Labels: volume.Labels } })
  const second = world.createDriver({ tools })
  const pod = await second.createPod(request(), quiet)
  expect(await runIn(pod, [...pod.toolbox('echo'), 'x'])).toMatchObject({ stdout: 'x\n' })
  await pod.remove()
  await second.close()
})

test('a tools image without busybox is told, and leaves no pod', async () => {
  const empty = await world.images.tag(await world.images.empty(), 'agola-test-no-tools', world.groupId)
  const wrong = world.createDriver({ tools: { image: empty, hostBusyboxPaths: [] } })
  const error = await errorOf(wrong.createPod(aPodRequest([aContainer(busybox)]), quiet))
  expect(hasCode(error, 'driverFailed')).toBe(true)
  expect(String(error)).toContain('static busybox')
  await wrong.close()
})

test('a tools image that cannot be had is told with the ways out', async () => {
  const tools = { image: '127.0.0.1:1/agola-test/none:1', hostBusyboxPaths: [] }
  const without = world.createDriver({ tools })
  const error = await errorOf(without.createPod(aPodRequest([aContainer(busybox)]), quiet))
  expect(hasCode(error, 'imageUnavailable')).toBe(true)
  expect(String(error)).toContain('127.0.0.1:1/agola-test/none:1')
  expect(String(error)).toContain('static busybox')
  await without.close()
})

/** A socket that leads to the engine until it is cut. */
async function startProxy(): Promise<{ url: string; cut: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'agola-proxy-'))
  const path = join(dir, 'engine.sock')
  const target = world.engine.endpoint.url.replace('unix://', '')
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path: target, allowHalfOpen: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(path)
  await once(server, 'listening')
  const cut = async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await rm(dir, { recursive: true, force: true })
  }
  return { url: `unix://${path}`, cut }
}

test('an engine that goes away ends waiting and the pod, and says where it was', async () => {
  const proxy = await startProxy()
  const far = world.createDriver({ engine: await probeEngine({ url: proxy.url, tls: null }) })
  const pod = await far.createPod(aPodRequest([aContainer(busybox)]), quiet)
  const exec = await pod.exec(anExecRequest(['sleep', '1000']))
  await proxy.cut()
  const waited = await errorOf(exec.wait())
  expect(hasCode(waited, 'driverUnreachable') || hasCode(waited, 'podDoesNotExist')).toBe(true)
  const listed = await errorOf(far.listPods())
  expect(hasCode(listed, 'driverUnreachable')).toBe(true)
  expect(String(listed)).toContain(proxy.url)
  expect((await pod.ended).reason).toBe('lost')
  await far.close()
})
