import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DockerDriver } from '../../../../../src/engine/adapters/drivers/docker/driver.ts'
import { systemClock } from '../../../../../src/engine/adapters/system.ts'
import type { ExecutorContainer } from '../../../../../src/engine/model/executor-task.ts'
import type { Pod, PodRequest } from '../../../../../src/engine/ports/pod-driver.ts'
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
let busybox: string
const drivers: DockerDriver[] = []

beforeAll(async () => {
  world = await startDockerWorld(await dockerEngine())
  busybox = await world.images.busybox()
})

afterEach(async () => {
  for (const driver of drivers.splice(0)) {
    for (const { podId } of await driver.listPods()) await driver.removePod(podId)
    await driver.close()
  }
  expect(await world.leftovers()).toEqual([])
})

afterAll(() => world.end())

/** A driver that expects pods makes them one after another. */
function expecting(pods: number, ...options: Parameters<DockerWorld['createDriver']>) {
  const driver = world.createDriver(...options)
  drivers.push(driver)
  driver.expectPods(pods)
  const create = (container: Partial<ExecutorContainer> = {}, request: Partial<PodRequest> = {}): Promise<Pod> => {
    const opening = { script: ':', parameters: [] }
    return driver.createPod(aPodRequest([aContainer(busybox, container)], { opening, ...request }), {
      onMessage: () => undefined,
    })
  }
  return { driver, create }
}

/** The container whose network the pod is in: null for one of its own. */
async function networkOf({ id }: Pod): Promise<string | null> {
  const { networkMode } = await world.mainOf(id)
  return /^container:(.+)$/.exec(networkMode)?.[1] ?? null
}

const shell = (pod: Pod, script: string, user = '') => runIn(pod, [...pod.toolbox('sh'), '-c', script], { user })

/** A pod that has had no command leaves no network. */
async function useAndRemove(pod: Pod): Promise<void> {
  await shell(pod, 'true')
  await pod.remove()
}

test.each([
  ['nothing', ''],
  ['a server that listens', 'busybox httpd -p 8080 -h /etc; nc -w 9 -l -p 8081 </dev/null >/dev/null & sleep 0.1'],
  ['files', 'echo file >/etc/motd; touch /tmp/file'],
])('a pod that left %s leaves its network to the next, in which all is as new', async (_, script) => {
  const { driver, create } = expecting(3)
  const first = await create()
  const { containerId } = await world.mainOf(first.id)
  const look = `hostname; ip addr; cat /etc/hosts /etc/resolv.conf; grep -hv '^ *sl' /proc/net/tcp /proc/net/udp; ls /tmp; ps | wc -l`
  const seen = await shell(first, look)
  expect((await shell(first, script)).exitCode).toBe(0)
  await first.remove()
  expect(await first.ended).toMatchObject({ reason: 'removed' })
  expect(await driver.listPods()).toEqual([])
  const second = await create()
  expect(await networkOf(second)).toBe(containerId)
  expect(await shell(second, look)).toEqual(seen)
  expect((await shell(second, 'busybox httpd -p 8080 -h /etc && wget -qO- localhost:8080/hostname')).exitCode).toBe(0)
  await second.remove()
})

test.each([
  ['changed the names of hosts', 'echo 127.0.0.1 other >>/etc/hosts'],
  ['changed its name servers', 'echo "# other" >>/etc/resolv.conf'],
  ['changed them without ending the line', 'printf "# other" >>/etc/resolv.conf'],
  ['hid the names of hosts', 'chmod 600 /etc/hosts'],
  ['left something in memory', 'echo large >/dev/shm/file'],
  ['closed a connection', 'busybox httpd -p 8080 -h /etc && wget -qO- localhost:8080/hostname'],
  ['wrote many megabytes', 'dd if=/dev/zero of=/file bs=1M count=17'],
])('a pod that %s takes its network with it', async (_, script) => {
  const { create } = expecting(2)
  const first = await create()
  expect((await shell(first, script)).exitCode).toBe(0)
  await first.remove()
  expect(await world.leftovers()).toEqual([])
  const second = await create()
  expect(await networkOf(second)).toBeNull()
  expect((await shell(second, 'cat /etc/hosts /etc/resolv.conf')).stdout).not.toContain('other')
})

test('a pod that the engine looks after takes its network with it, its own or not', async () => {
  const image = await world.images.withHealthCheck()
  const { create } = expecting(4)
  const first = await create({ image })
  await useAndRemove(first)
  expect(await world.leftovers()).toEqual([])
  const plain = await create()
  await useAndRemove(plain)
  const joined = await create({ image })
  expect(await networkOf(joined)).not.toBeNull()
  await useAndRemove(joined)
  expect(await networkOf(await create())).toBeNull()
})

test('a command that runs when its pod leaves its network ends with the pod', { timeout: 20_000 }, async () => {
  // Nothing that is held gets old.
  const { create } = expecting(2, { clock: { ...systemClock, sleep: () => new Promise(() => undefined) } })
  const pod = await create()
  const exec = await pod.exec(anExecRequest([...pod.toolbox('sleep'), '1000']))
  const waited = exec.wait().catch((error: unknown) => error)
  await pod.remove()
  expect(await waited).toMatchObject({ code: 'podDoesNotExist' })
  expect(await world.leftovers()).toHaveLength(1)
})

test('a network that a pod could not be made in goes', async () => {
  const { create } = expecting(9)
  const pod = await create()
  await useAndRemove(pod)
  await expect(create({ image: 'localhost/agola-test-missing' }, { pull: 'never' })).rejects.toThrow('missing')
  expect(await networkOf(await create())).toBeNull()
})

test('a pod whose image brings a volume takes its network with it', async () => {
  const { create } = expecting(2)
  const first = await create({ image: await world.images.withVolume('/data') })
  await useAndRemove(first)
  expect(await world.leftovers()).toEqual([])
})

test('a command that is still being made when its pod is removed meets no other pod', async () => {
  const { create } = expecting(99)
  for (let delayMs = 0; delayMs <= 20; delayMs += 2) {
    const pod = await create()
    await shell(pod, 'true')
    const stop = AbortSignal.timeout(delayMs)
    const request = anExecRequest([...pod.toolbox('sh'), '-c', 'nc -l -p 8080 >/dev/null'])
    await pod.exec(request, { signal: stop }).catch(() => undefined)
    await pod.remove()
    const next = await create()
    expect((await shell(next, 'cat /proc/net/tcp /proc/net/tcp6 | grep -c :1F90')).stdout).toBe('0\n')
    await next.remove()
  }
})

test('removing a pod again, or from two sides, does not touch the network that others have by then', async () => {
  const { create } = expecting(9)
  const first = await create()
  await shell(first, 'true')
  await Promise.all([first.remove(), first.remove()])
  const second = await create()
  expect(await networkOf(second)).not.toBeNull()
  await useAndRemove(second)
  const third = await create()
  expect(await networkOf(third)).not.toBeNull()
  await Promise.all([first.remove(), second.remove()])
  expect((await shell(third, 'ip addr | grep -c eth0')).stdout).not.toBe('0\n')
})

test('a pod is lost when its network is', async () => {
  const { create } = expecting(3)
  const first = await create()
  const { containerId } = await world.mainOf(first.id)
  await useAndRemove(first)
  const second = await create()
  expect(await networkOf(second)).toBe(containerId)
  await world.client.json('POST', `/containers/${containerId}/kill`)
  expect(await second.ended).toMatchObject({ reason: 'lost' })
  await second.remove()
  expect(await networkOf(await create())).toBeNull()
})

test('a network that was joined is looked at as well', async () => {
  const { create } = expecting(3)
  const first = await create()
  await useAndRemove(first)
  const second = await create()
  expect(await networkOf(second)).not.toBeNull()
  await shell(second, 'echo 127.0.0.1 other >>/etc/hosts')
  await second.remove()
  const third = await create()
  expect(await networkOf(third)).toBeNull()
})

test('processes that the container’s user may not end keep the network from others', async () => {
  const { create } = expecting(2)
  const first = await create({ user: 'dev' })
  await shell(first, 'sleep 1000 >/dev/null 2>&1 &', '0')
  await first.remove()
  expect(await world.leftovers()).toEqual([])
  expect(await networkOf(await create())).toBeNull()
})

test('a pod whose network is gone before it is made gets one of its own', async () => {
  const { create } = expecting(2)
  const first = await create()
  await useAndRemove(first)
  const { containerId } = await world.mainOf(first.id)
  const second = create()
  await world.client.json('POST', `/containers/${containerId}/kill`).catch(() => undefined)
  expect(await shell(await second, 'echo works')).toMatchObject({ stdout: 'works\n' })
})

test('a pod that is not the last of those expected is removed at once without any; so is the last', async () => {
  const { driver, create } = expecting(2)
  const [first, second] = [await create(), await create()]
  for (const pod of [first, second]) await useAndRemove(pod)
  expect(await world.leftovers()).toEqual([])
  await driver.close()
})

test('a network that is held ends with the process that holds it, however that ends', async () => {
  const script = fileURLToPath(new URL('network-holder.ts', import.meta.url))
  const words = [script, world.engine.endpoint.url, world.groupId, busybox]
  const holder: ChildProcess = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (holder.stdout === null) throw new Error('no output')
  expect(String(await once(holder.stdout, 'data'))).toBe('holding\n')
  expect(await world.leftovers()).toHaveLength(1)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  while ((await world.leftovers()).length > 0) await new Promise(setImmediate)
})
