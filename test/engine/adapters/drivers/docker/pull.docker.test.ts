import { type ChildProcess, spawn } from 'node:child_process'
import { on } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DockerDriverOptions } from '../../../../../src/engine/adapters/drivers/docker/driver.ts'
import type { AgolaError } from '../../../../../src/engine/model/errors.ts'
import type { PodRequest } from '../../../../../src/engine/ports/pod-driver.ts'
import { dockerEngine } from '../../../../support/docker-engine.ts'
import { aContainer, aPodRequest, type DockerWorld, runIn, startDockerWorld } from '../../../../support/docker-world.ts'

const secret = 'pass:with:colons'

let world: DockerWorld
let open: Registry
let locked: Registry

beforeAll(async () => {
  world = await startDockerWorld(await dockerEngine())
  open = await startRegistry('')
  locked = await startRegistry(`dev:${secret}`)
})

afterEach(async () => {
  expect(await world.leftovers()).toEqual([])
  for (const registry of [open, locked]) {
    await world.client.json('DELETE', `/images/${registry.image}`, { query: { force: true } }).catch(() => undefined)
    registry.requests.length = 0
  }
})

afterAll(async () => {
  open.child.kill()
  locked.child.kill()
  await world.end()
})

interface Registry {
  child: ChildProcess
  host: string
  image: string
  /** Path and who asked, a line each. */
  requests: string[]
}

async function startRegistry(account: string): Promise<Registry> {
  const script = fileURLToPath(new URL('../../../../support/image-registry.ts', import.meta.url))
  const words = [...world.inNetwork, process.execPath, script, account]
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = on(createInterface({ input: child.stdout }), 'line')
  const { value: first } = await lines.next()
  const port = String(first?.[0])
  const requests: string[] = []
  void (async () => {
    for await (const [line] of lines) requests.push(String(line))
  })()
  return { child, host: `127.0.0.1:${port}`, image: `127.0.0.1:${port}/test/true:latest`, requests }
}

/** Makes a pod, looks into it and removes it; resolves to the set-up log. */
async function tryPod(request: PodRequest, options: Partial<DockerDriverOptions> = {}): Promise<string[]> {
  const driver = world.createDriver(options)
  const messages: string[] = []
  try {
    const pod = await driver.createPod(request, { onMessage: (line) => messages.push(line) })
    expect(await runIn(pod, ['/bin/true'])).toMatchObject({ exitCode: 0 })
    await pod.remove()
    return messages
  } finally {
    await driver.close()
  }
}

async function failureOf(request: PodRequest, options: Partial<DockerDriverOptions> = {}): Promise<AgolaError> {
  const failure = await tryPod(request, options).then(
    () => null,
    (error: unknown) => error,
  )
  return failure as AgolaError
}

const pulls = (registry: Registry) => registry.requests.filter((line) => line.includes('/manifests/latest'))

test('a missing image is pulled, with lines that say so, and not again', async () => {
  const request = () => aPodRequest([aContainer(open.image)])
  const messages = await tryPod(request())
  expect(messages[0]).toBe(`pulling ${open.image}`)
  expect(messages.at(-1)).toMatch(/^pulled .* in \d+\.\d s$/)
  const asked = open.requests.length
  expect(await tryPod(request())).toEqual([])
  expect(open.requests).toHaveLength(asked)
})

test('the policy "always" asks the registry each time', async () => {
  await tryPod(aPodRequest([aContainer(open.image)], { pull: 'always' }))
  await tryPod(aPodRequest([aContainer(open.image)], { pull: 'always' }))
  expect(pulls(open).length).toBeGreaterThanOrEqual(2)
})

test('containers of one pod share the pull of their image', async () => {
  const service = aContainer(open.image, { entrypoint: '/bin/busybox sleep 100' })
  const messages = await tryPod(aPodRequest([aContainer(open.image), service, service]))
  expect(messages.filter((line) => line.startsWith('pulled'))).toHaveLength(1)
  expect(pulls(open)).toHaveLength(1)
})

test('credentials of the config open a locked registry, for services too, and none are made up', async () => {
  const auth = Buffer.from(`dev:${secret}`).toString('base64')
  const registriesAuth = {
    [`https://${locked.host}`]: { type: 'encodedauth' as const, username: '', password: '', auth },
  }
  const service = aContainer(locked.image, { entrypoint: '/bin/busybox sleep 100' })
  await tryPod(aPodRequest([aContainer(open.image), service], { registriesAuth }))
  expect(locked.requests.some((line) => line.endsWith(`dev:${secret}`))).toBe(true)
  expect(open.requests.every((line) => line.endsWith(' '))).toBe(true)
})

test('wrong or missing credentials are told with the image and the way out', async () => {
  const missing = await failureOf(aPodRequest([aContainer(locked.image)]))
  expect(missing.code).toBe('imageUnavailable')
  expect(missing.message).toContain(locked.image)
  expect(missing.message).toContain('docker_registries_auth')
  const basic = { type: 'basic' as const, username: 'dev', password: 'wrong-password', auth: '' }
  const wrong = await failureOf(aPodRequest([aContainer(locked.image)], { registriesAuth: { [locked.host]: basic } }))
  expect(wrong.code).toBe('imageUnavailable')
  expect(wrong.message).not.toContain('wrong-password')
})

test("the user's Docker client gives its credentials, from its file or from a helper", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'agola-client-'))
  const auth = Buffer.from(`dev:${secret}`).toString('base64')
  const clientConfig = { dir, environment: { PATH: `${dir}:${process.env.PATH}` } }
  await writeFile(join(dir, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }))
  await tryPod(aPodRequest([aContainer(locked.image)], { pull: 'always' }), { clientConfig })

  const helper = join(dir, 'docker-credential-test')
  await writeFile(
    helper,
    `#!/bin/sh\nread server\necho '{"ServerURL":"'$server'","Username":"dev","Secret":"${secret}"}'\n`,
  )
  await chmod(helper, 0o755)
  await writeFile(join(dir, 'config.json'), JSON.stringify({ credHelpers: { [locked.host]: 'test' } }))
  await tryPod(aPodRequest([aContainer(locked.image)], { pull: 'always' }), { clientConfig })
  await rm(dir, { recursive: true })
})

test('an image that the registry does not have, and a registry that does not answer, are told', async () => {
  const absent = await failureOf(aPodRequest([aContainer(`${open.host}/test/absent:1`)]))
  expect(absent).toMatchObject({ code: 'imageUnavailable', message: expect.stringContaining('check its name and tag') })
  const silent = await failureOf(aPodRequest([aContainer('127.0.0.1:1/test/true:1')]))
  expect(silent).toMatchObject({ code: 'imageUnavailable', message: expect.stringContaining('cannot be reached') })
})

test('an image for another architecture is told', async () => {
  const other = world.engine.version.arch === 'arm64' ? 'amd64' : 'arm64'
  const error = await failureOf(aPodRequest([aContainer(open.image)], { arch: other }))
  expect(error.code).toBe('imageUnavailable')
  expect(error.message).toContain(open.image)
})

test('a pull that is aborted ends at once, and the next one begins anew', async () => {
  const driver = world.createDriver()
  const stop = new AbortController()
  const request = aPodRequest([aContainer(open.image)])
  const aborted = driver.createPod(request, { signal: stop.signal, onMessage: () => stop.abort(new Error('stopped')) })
  await expect(aborted).rejects.toThrow('stopped')
  expect(await world.leftovers()).toEqual([])
  await driver.close()
  await tryPod(aPodRequest([aContainer(open.image)]))
})
