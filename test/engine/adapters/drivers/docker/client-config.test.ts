import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  findClientCredentials,
  readClientConfig,
} from '../../../../../src/engine/adapters/drivers/docker/client-config.ts'
import { dockerHub } from '../../../../../src/engine/adapters/drivers/docker/image-reference.ts'

let dir: string
const warnings: string[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agola-client-config-'))
  warnings.length = 0
})

afterEach(() => rm(dir, { recursive: true }))

async function find(registry: string, config: unknown) {
  await writeFile(join(dir, 'config.json'), JSON.stringify(config))
  const environment = { PATH: `${dir}:${process.env.PATH}` }
  return findClientCredentials(registry, await readClientConfig(dir), environment, (message) => warnings.push(message))
}

async function writeHelper(name: string, script: string): Promise<void> {
  await writeFile(join(dir, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`)
  await chmod(join(dir, `docker-credential-${name}`), 0o755)
}

const auth = Buffer.from('u:p').toString('base64')

test('a missing or broken file counts as empty', async () => {
  expect((await readClientConfig(dir)).currentContext).toBe('')
  await writeFile(join(dir, 'config.json'), '{"currentContext": ')
  expect((await readClientConfig(dir)).currentContext).toBe('')
  await writeFile(join(dir, 'config.json'), '{"currentContext": 7, "auths": [], "credHelpers": {"r": 1}}')
  expect(await readClientConfig(dir)).toEqual({ currentContext: '', auths: {}, credHelpers: {}, credsStore: '' })
})

test('credentials stand in the file', async () => {
  expect(await find('r.example', { auths: { 'https://r.example': { auth } } })).toMatchObject({
    username: 'u',
    password: 'p',
  })
  expect(await find(dockerHub, { auths: { 'https://index.docker.io/v1/': { auth } } })).toMatchObject({ username: 'u' })
  expect(await find('r.example', { auths: { 'r.example': { identitytoken: 't' } } })).toEqual({
    serveraddress: 'r.example',
    identitytoken: 't',
  })
  expect(await find('other.example', { auths: { 'r.example': { auth } } })).toBeNull()
})

test('the helper of a registry counts before the common store', async () => {
  await writeHelper('own', 'read server; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"own\\"}"')
  await writeHelper('all', 'read server; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"all\\"}"')
  const config = { credHelpers: { 'r.example': 'own' }, credsStore: 'all' }
  expect(await find('r.example', config)).toMatchObject({ username: 'r.example', password: 'own' })
  expect(await find(dockerHub, config)).toMatchObject({ username: 'https://index.docker.io/v1/', password: 'all' })
})

test('a helper may give an identity token', async () => {
  await writeHelper('token', 'cat >/dev/null; echo \'{"Username":"<token>","Secret":"t"}\'')
  expect(await find('r.example', { credsStore: 'token' })).toEqual({ serveraddress: 'r.example', identitytoken: 't' })
})

test('a helper that knows nothing, fails or does not exist counts as none', async () => {
  await writeHelper('empty', 'echo "credentials not found in native keychain"; exit 1')
  expect(await find('r.example', { credsStore: 'empty' })).toBeNull()
  expect(await find('r.example', { credsStore: 'absent' })).toBeNull()
  expect(warnings).toEqual([expect.stringContaining('docker-credential-absent')])
  expect(await find('r.example', { credsStore: '../../bin/sh' })).toBeNull()
})
