import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cloneScript, lowerCloneStep } from '../../../src/engine/compile/clone-script.ts'

const run = promisify(execFile)
let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'clone-script-'))
  await mkdir(join(directory, 'home'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const author = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
}

function environment(): Record<string, string> {
  return {
    ...author,
    PATH: process.env.PATH ?? '',
    HOME: join(directory, 'home'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  }
}

async function git(at: string, ...args: string[]): Promise<string> {
  return (await run('git', args, { cwd: at, env: environment() })).stdout.trim()
}

/** A repository with two commits on `main`. */
async function makeRepository(): Promise<{ path: string; first: string; second: string }> {
  const path = join(directory, 'origin')
  await run('git', ['init', '--quiet', '--initial-branch=main', path], { env: environment() })
  await writeFile(join(path, 'file'), 'one')
  await git(path, 'add', '.')
  await git(path, 'commit', '--quiet', '-m', 'one')
  const first = await git(path, 'rev-parse', 'HEAD')
  await writeFile(join(path, 'file'), 'two')
  await git(path, 'commit', '--quiet', '-a', '-m', 'two')
  await git(path, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
  return { path, first, second: await git(path, 'rev-parse', 'HEAD') }
}

async function clone(
  name: string,
  script: string,
  variables: Record<string, string>,
): Promise<{ path: string; output: string }> {
  const path = join(directory, name)
  await mkdir(path)
  await writeFile(join(directory, 'script'), script)
  const { stdout, stderr } = await run('/bin/sh', ['-e', join(directory, 'script')], {
    cwd: path,
    env: {
      ...environment(),
      AGOLA_GIT_HOST: 'git.example.com',
      AGOLA_GIT_PORT: '2222',
      AGOLA_SSHPRIVKEY: 'PRIVATE',
      ...variables,
    },
  })
  return { path, output: stdout + stderr }
}

test('the commit is checked out, detached', async () => {
  const origin = await makeRepository()
  const { path, output } = await clone('work', cloneScript({ depth: 0, recurseSubmodules: false }), {
    AGOLA_REPOSITORY_URL: `file://${origin.path}`,
    AGOLA_GIT_REF: 'refs/heads/main',
    AGOLA_GIT_COMMITSHA: origin.first,
  })
  expect(await readFile(join(path, 'file'), 'utf8')).toBe('one')
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(origin.first)
  expect(await git(path, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('HEAD')
  for (const command of ['mkdir -p', 'cat', 'git clone', 'git fetch', 'git checkout']) {
    expect(output).toMatch(new RegExp(`^\\+ ${command}`, 'm'))
  }
  expect(output).not.toContain('PRIVATE')
})

test('without a commit the ref is checked out, even one that is no branch', async () => {
  const origin = await makeRepository()
  await git(origin.path, 'update-ref', 'refs/pull/1/head', origin.first)
  const { path } = await clone('work', cloneScript({ depth: 0, recurseSubmodules: false }), {
    AGOLA_REPOSITORY_URL: `file://${origin.path}`,
    AGOLA_GIT_REF: 'refs/pull/1/head',
    AGOLA_GIT_COMMITSHA: '',
  })
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(origin.first)
})

test('with a depth a commit behind the ref is fetched by itself', async () => {
  const origin = await makeRepository()
  const { path } = await clone('work', cloneScript({ depth: 1, recurseSubmodules: false }), {
    AGOLA_REPOSITORY_URL: `file://${origin.path}`,
    AGOLA_GIT_REF: 'refs/heads/main',
    AGOLA_GIT_COMMITSHA: origin.first,
  })
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(origin.first)
  expect(await git(path, 'rev-list', '--count', 'HEAD')).toBe('1')
})

test('ssh is set up for the host, twice without harm', async () => {
  const origin = await makeRepository()
  const variables = {
    AGOLA_REPOSITORY_URL: `file://${origin.path}`,
    AGOLA_GIT_REF: 'refs/heads/main',
    AGOLA_GIT_COMMITSHA: origin.second,
  }
  const script = cloneScript({ depth: 0, recurseSubmodules: false })
  await clone('first', script, { ...variables, AGOLA_SSHHOSTKEY: 'git.example.com ssh-ed25519 AAAA' })
  const ssh = join(directory, 'home', '.ssh')
  const config = await readFile(join(ssh, 'config'), 'utf8')
  expect(config).toContain('Host git.example.com\n')
  expect(config).toContain('Port 2222\n')
  expect(config).toContain('StrictHostKeyChecking yes\n')
  expect(await readFile(join(ssh, 'id_rsa'), 'utf8')).toBe('PRIVATE\n')
  expect(await readFile(join(ssh, 'known_hosts'), 'utf8')).toBe('git.example.com ssh-ed25519 AAAA\n')
  for (const name of await readdir(ssh)) expect((await stat(join(ssh, name))).mode & 0o777).toBe(0o600)
  expect((await stat(ssh)).mode & 0o777).toBe(0o700)
  await clone('second', script, { ...variables, AGOLA_SKIPSSHHOSTKEYCHECK: '1' })
  expect(await readFile(join(ssh, 'config'), 'utf8')).toContain('StrictHostKeyChecking no\n')
})

test('submodules are those of the commit', async () => {
  const origin = await makeRepository()
  const library = join(directory, 'library')
  await run('git', ['clone', '--quiet', origin.path, library], { env: environment() })
  await git(origin.path, 'checkout', '--quiet', '-b', 'topic')
  await git(origin.path, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib')
  await git(origin.path, 'commit', '--quiet', '-m', 'three')
  const third = await git(origin.path, 'rev-parse', 'HEAD')
  // What a clone checks out by itself has no submodule.
  await git(origin.path, 'checkout', '--quiet', 'main')
  const { path } = await clone('work', cloneScript({ depth: 0, recurseSubmodules: true }), {
    AGOLA_REPOSITORY_URL: `file://${origin.path}`,
    AGOLA_GIT_REF: 'refs/heads/topic',
    AGOLA_GIT_COMMITSHA: third,
    GIT_ALLOW_PROTOCOL: 'file',
  })
  expect(await readFile(join(path, 'lib', 'file'), 'utf8')).toBe('two')
})

test('a failing command ends the script', async () => {
  await expect(
    clone('work', cloneScript({ depth: 0, recurseSubmodules: false }), {
      AGOLA_REPOSITORY_URL: `file://${directory}/none`,
      AGOLA_GIT_REF: 'x',
      AGOLA_GIT_COMMITSHA: '',
    }),
  ).rejects.toThrow()
})

test('a clone step becomes a run step', () => {
  const step = { type: 'clone' as const, name: '', depth: 3, recurseSubmodules: true }
  expect(lowerCloneStep(step)).toEqual({
    type: 'run',
    name: 'Clone repository and checkout code',
    command: cloneScript(step),
    environment: {},
    workingDir: '',
    shell: '',
    tty: true,
  })
  expect(lowerCloneStep({ ...step, name: 'get' }).name).toBe('get')
  expect(cloneScript(step)).toContain('git clone --depth 3 --recurse-submodules -- "$AGOLA_REPOSITORY_URL" .\n')
  expect(cloneScript({ depth: 0, recurseSubmodules: false })).not.toMatch(/--depth|submodule/)
})
