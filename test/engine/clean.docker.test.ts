import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageAvailability } from '../../src/engine/adapters/drivers/docker/image-availability.ts'
import { removeTools } from '../../src/engine/adapters/drivers/docker/tools-removal.ts'
import { clean } from '../../src/engine/clean.ts'
import type { LoadedConfig } from '../../src/engine/config/loaded-config.ts'
import { type Check, examine } from '../../src/engine/doctor.ts'
import { openLocal } from '../../src/engine/open-local.ts'
import { dockerEngine } from '../support/docker-engine.ts'
import { aContainer, aPodRequest, type DockerWorld, startDockerWorld } from '../support/docker-world.ts'

let world: DockerWorld
let root: string
let environment: NodeJS.ProcessEnv

beforeAll(async () => {
  world = await startDockerWorld(await dockerEngine())
  root = await mkdtemp(join(tmpdir(), 'agola-clean-'))
  environment = {
    PATH: process.env.PATH,
    HOME: root,
    AGOLA_LOCAL_STATE_DIR: join(root, 'state'),
    AGOLA_LOCAL_CACHE_DIR: join(root, 'cache'),
    XDG_RUNTIME_DIR: join(root, 'run'),
    DOCKER_HOST: world.engine.endpoint.url,
  }
})
afterAll(async () => {
  await rm(root, { recursive: true })
  await world.end()
})

const nothingMore = { dryRun: false, caches: false, tools: false, refs: false }

async function containersOf(podId: string): Promise<number> {
  const filters = { label: [`agola.io/podid=${podId}`] }
  return ((await world.client.json('GET', '/containers/json', { query: { all: true, filters } })) as unknown[]).length
}

test('clean removes the containers of dead processes from the engine, kept ones aside', async () => {
  const { identity } = await openLocal(root, environment)
  const owner = { executorsGroupId: identity.executorGroupId, mode: 'local' as const }
  const driver = world.createDriver({ owner })
  const image = await world.images.busybox()
  const requests = [
    aPodRequest([aContainer(image)]),
    aPodRequest([aContainer(image)], { keepUntil: Date.now() + 600_000 }),
  ]
  for (const request of requests) await driver.createPod(request, { onMessage: () => undefined })
  const [dead = '', kept = ''] = requests.map(({ podId }) => podId)
  const cleaned = async (dryRun: boolean) =>
    (await clean({ ...nothingMore, dryRun, directory: root, environment })).kinds
  try {
    expect(await cleaned(true)).toEqual([{ kind: 'pods', count: 1, sizeBytes: null }])
    expect(await containersOf(dead)).toBe(1)
    expect(await cleaned(false)).toEqual([{ kind: 'pods', count: 1, sizeBytes: null }])
    expect([await containersOf(dead), await containersOf(kept)]).toEqual([0, 1])
    expect(await cleaned(false)).toEqual([])
  } finally {
    for (const { podId } of requests) await driver.removePod(podId)
    await driver.close()
  }
})

test('tools are removed unless a container uses them, and only those that the group has made', async () => {
  const { client } = world
  const [own, other, image] = [randomUUID(), randomUUID(), await world.images.busybox()]
  const labelsOf = (group: string) => ({ 'agola.io/tools': 'true', 'agola.io/executorsgroupid': group })
  const names = [own, other].map((group) => `agola-test-tools-${group}`)
  for (const group of [own, other]) {
    const Name = `agola-test-tools-${group}`
    await client.json('POST', '/volumes/create', { body: { Name, Labels: labelsOf(group) } })
    const changes = Object.entries(labelsOf(group)).map(([name, value]) => `LABEL ${name}=${value}`)
    const query = { fromSrc: '-', repo: `localhost/agola-test-tools:${group}`, changes }
    const emptyArchive = new PassThrough().end(Buffer.alloc(1024))
    for await (const _ of await client.stream('POST', '/images/create', { query, file: emptyArchive }));
  }
  const mount = { Type: 'volume', Source: names[0], Target: '/tools' }
  const created = await client.json('POST', '/containers/create', {
    body: { Image: image, Cmd: ['/bin/true'], HostConfig: { Mounts: [mount] } },
  })
  const remove = (group: string, dryRun = false) => removeTools(client, { executorsGroupId: group, dryRun })
  try {
    expect(await remove(own, true)).toEqual({ count: 2, inUse: [] })
    expect(await remove(own)).toEqual({ count: 1, inUse: [`volume ${names[0]}`] })
    await client.json('DELETE', `/containers/${(created as { Id: string }).Id}`)
    expect(await remove(own)).toEqual({ count: 1, inUse: [] })
    expect(await remove(own)).toEqual({ count: 0, inUse: [] })
    expect(await client.json('GET', `/volumes/${names[1]}`)).toMatchObject({ Name: names[1] })
    expect(await remove(other)).toEqual({ count: 2, inUse: [] })
  } finally {
    await client.json('DELETE', `/containers/${(created as { Id: string }).Id}`).catch(() => undefined)
    await Promise.all([remove(own), remove(other)])
  }
})

test('an image is there, or its registry is asked without a pull', async () => {
  const image = await world.images.busybox()
  expect(await imageAvailability(world.client, image, null)).toEqual({ state: 'present' })
  const absent = await imageAvailability(world.client, '127.0.0.1:1/no/such:image', null)
  expect(absent).toMatchObject({ state: 'unavailable', reason: expect.stringMatching(/127\.0\.0\.1:1/) })
})

test('doctor tells the engine, its clock and room, the tools, and each image of the config', async () => {
  const image = await world.images.busybox()
  const task = { runtime: { containers: [aContainer(image), aContainer('127.0.0.1:1/no/such:image')] } }
  const loaded = { file: '.agola/config.yml', problems: [], moreProblems: 0, config: { runs: [{ tasks: [task] }] } }
  const loadConfig = async () => loaded as unknown as LoadedConfig
  const checks: Check[] = []
  for await (const check of examine({ directory: root, environment, loadConfig })) checks.push(check)
  const statusOf = (name: string) => checks.find((check) => check.name === name)?.status
  expect(['container engine', 'tools for pods', 'clock', `image ${image}`].map(statusOf)).toEqual([
    'ok',
    'ok',
    'ok',
    'ok',
  ])
  expect(statusOf('image 127.0.0.1:1/no/such:image')).toBe('warn')
  expect(checks.find(({ name }) => name === 'container engine')?.found).toMatch(/API 1\.\d+/)
})
