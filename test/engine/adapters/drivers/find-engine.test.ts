import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { engineCandidates, type Surroundings } from '../../../../src/engine/adapters/drivers/engine-candidates.ts'
import { findEngine, noEngine, requireEngine } from '../../../../src/engine/adapters/drivers/find-engine.ts'

const docker = { ApiVersion: '1.47', MinAPIVersion: '1.24', Version: '28.2.2', Os: 'linux', Arch: 'arm64' }
const podman = { ...docker, ApiVersion: '1.41', Version: '5.1.0', Components: [{ Name: 'Podman Engine' }] }

let home: string
const servers: Server[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'agola-home-'))
})

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  await rm(home, { recursive: true })
})

/** An engine that answers `GET /version` at a socket. */
async function listen(path: string, version: unknown): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  const server = createServer((_request, response) => response.end(JSON.stringify(version)))
  server.listen(path)
  await once(server, 'listening')
  servers.push(server)
  return `unix://${path}`
}

function surroundings(environment: Record<string, string> = {}): Surroundings {
  const XDG_RUNTIME_DIR = join(home, 'run')
  // The machine's own /var/run/docker.sock comes first: an explicit wish keeps it out of these tests.
  return { environment: { XDG_RUNTIME_DIR, ...environment }, homeDir: home, userId: 1000, platform: 'linux' }
}

const origins = async (given: Surroundings) => (await engineCandidates(given)).map(({ origin }) => origin)

test('looks for Docker in its usual places first, then for Podman', async () => {
  const candidates = await engineCandidates(surroundings())
  expect([...new Set(candidates.map(({ origin }) => origin))]).toEqual([
    'Docker',
    'rootless Docker',
    'Docker Desktop',
    'Colima',
    'OrbStack',
    'Rancher Desktop',
    'Lima',
    'rootless Podman',
    'Podman',
    'Podman machine',
  ])
  expect(candidates[0]).toMatchObject({ endpoint: { url: 'unix:///var/run/docker.sock' } })
})

test('root looks for the Podman of the machine before that of the user', async () => {
  const found = await origins({ ...surroundings(), userId: 0 })
  expect(found.indexOf('Podman')).toBeLessThan(found.indexOf('rootless Podman'))
})

test('DOCKER_HOST counts before every context, and stands alone for Docker', async () => {
  await writeContext('other', { Host: 'unix:///other.sock' })
  const given = surroundings({
    DOCKER_HOST: 'tcp://build:2376',
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: '/certs',
    DOCKER_CONTEXT: 'other',
  })
  const [first, second] = await engineCandidates(given)
  expect(first).toEqual({
    product: 'docker',
    origin: 'DOCKER_HOST',
    endpoint: { url: 'tcp://build:2376', tls: { certificatesDir: '/certs', verify: true } },
    isExplicit: true,
  })
  expect(second?.product).toBe('podman')
})

test('a host without a scheme is one of tcp', async () => {
  expect(await engineCandidates(surroundings({ DOCKER_HOST: 'build:2375' }))).toMatchObject([
    { endpoint: { url: 'tcp://build:2375', tls: null } },
    ...Array(4).fill({}),
  ])
})

async function writeContext(name: string, endpoint: Record<string, unknown>): Promise<void> {
  const id = createHash('sha256').update(name).digest('hex')
  const dir = join(home, '.docker', 'contexts', 'meta', id)
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: endpoint } }))
}

test("the current context of the user's Docker client is followed", async () => {
  await writeContext('remote', { Host: 'ssh://dev@build' })
  await writeFile(join(home, '.docker', 'config.json'), JSON.stringify({ currentContext: 'remote' }))
  expect((await engineCandidates(surroundings()))[0]).toMatchObject({
    origin: 'Docker context "remote"',
    endpoint: { url: 'ssh://dev@build' },
    isExplicit: true,
  })
})

test('DOCKER_CONTEXT counts before the current one, and "default" means the usual places', async () => {
  await writeContext('remote', { Host: 'ssh://dev@build' })
  await writeFile(join(home, '.docker', 'config.json'), JSON.stringify({ currentContext: 'remote' }))
  expect((await origins(surroundings({ DOCKER_CONTEXT: 'default' })))[0]).toBe('Docker')
})

test('a context that does not exist is told, and nothing else is tried', async () => {
  const search = await findEngine(surroundings({ DOCKER_CONTEXT: 'gone' }))
  expect(search.engine).toBeNull()
  expect(search.attempts).toMatchObject([{ origin: 'Docker context "gone" (DOCKER_CONTEXT)', url: '' }])
  expect(noEngine(search.attempts).message).toContain('there is no such context')
})

test('takes the engine that was asked for and says so in one line', async () => {
  const url = await listen(join(home, 'engine.sock'), docker)
  const search = await findEngine(surroundings({ DOCKER_HOST: url }))
  expect(search.engine?.version).toEqual({ product: 'Docker', version: '28.2.2', apiVersion: '1.47', arch: 'arm64' })
  expect(search.description).toBe(`Docker 28.2.2 at ${url} (DOCKER_HOST)`)
  expect(search.attempts).toEqual([{ product: 'docker', origin: 'DOCKER_HOST', url, reason: null }])
})

test('an engine that was asked for and does not answer is not replaced by another', async () => {
  await listen(join(home, 'run', 'podman', 'podman.sock'), podman)
  const failure = await requireEngine(surroundings({ DOCKER_HOST: `unix://${home}/none.sock` })).catch(
    (error: unknown) => error,
  )
  expect(failure).toMatchObject({ code: 'driverUnreachable' })
})

test('a wish for Podman is followed even where a Docker answers that nobody wished for', async () => {
  await listen(join(home, 'run', 'docker.sock'), docker)
  const url = await listen(join(home, 'podman.sock'), podman)
  await writeContext('remote', { Host: 'ssh://dev@build' })
  await writeFile(join(home, '.docker', 'config.json'), JSON.stringify({ currentContext: 'remote' }))
  const search = await findEngine(surroundings({ CONTAINER_HOST: url }))
  expect(search.description).toBe(`Podman 5.1.0 at ${url} (CONTAINER_HOST)`)
})

test('a wish for Docker by a variable counts before one for Podman', async () => {
  const CONTAINER_HOST = 'unix:///podman.sock'
  const [first] = await origins(surroundings({ DOCKER_HOST: 'tcp://build:2375', CONTAINER_HOST }))
  expect(first).toBe('DOCKER_HOST')
  expect((await origins(surroundings({ DOCKER_CONTEXT: 'default', CONTAINER_HOST })))[0]).toBe('Docker')
})

test('an engine that is too old is told with its version and what to do', async () => {
  const url = await listen(join(home, 'old.sock'), { ...docker, ApiVersion: '1.40', Version: '19.03' })
  const failure = await requireEngine(surroundings({ DOCKER_HOST: url })).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'driverTooOld', message: expect.stringContaining('19.03') })
  expect(failure).toMatchObject({ message: expect.stringContaining('Docker 20.10') })
})

test('what answers but is no engine is told', async () => {
  const url = await listen(join(home, 'web.sock'), { hello: 'world' })
  const search = await findEngine(surroundings({ DOCKER_HOST: url }))
  expect(search.attempts[0]?.reason).toContain('not a container engine')
})

test('a search that is aborted ends with the reason', async () => {
  await expect(findEngine(surroundings(), { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow(
    'stopped',
  )
})

test('the places without a socket are told together', () => {
  const attempt = { product: 'docker' as const, origin: 'Docker', url: 'unix:///x' }
  const { message } = noEngine([
    { ...attempt, reason: 'there is no such socket; start the engine' },
    { ...attempt, reason: 'there is no such socket; start the engine' },
    { ...attempt, origin: 'Colima', reason: 'permission denied' },
  ])
  expect(message).toContain('Colima at unix:///x: permission denied')
  expect(message).toContain('2 usual places have no socket')
})
