import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const run = promisify(execFile)
const start = ['directrun', 'start', '--driver', 'host']

describe('directrun start, given what cannot work', () => {
  const suite = machineSuite()
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  const startIn = async (files: Record<string, unknown>, args: string[] = start) =>
    machine.run(args, { directory: await machine.repository(files) })

  it('says that a directory is in no git repository', async () => {
    const { code, stderr } = await machine.run(start)
    expect(stderr).toMatch(/not.* a git repository/)
    expect(stderr).toMatch(/git init/)
    expect(code).toBe(3)
    expect(await machine.leftovers()).toEqual([])
  })

  it('says which configs it looked for, and how to get one', async () => {
    const { code, stderr } = await startIn({ 'README.md': 'hello' })
    for (const name of ['config.jsonnet', 'config.json', 'config.yml', 'agola init']) expect(stderr).toContain(name)
    expect(code).toBe(3)
  })

  it('says that the config is one that the snapshot leaves out', async () => {
    const directory = await machine.repository({ 'README.md': 'hello' })
    await machine.write(directory, oneRun({ build: { steps: ['true'] } }))
    const [file = ''] = Object.keys(oneRun({}))
    const untracked = await machine.run([...start, '--no-untracked'], { directory })
    expect(untracked.stderr).toBe(
      `agola: ${file} is untracked, and --no-untracked leaves it out: git add ${file}, or leave out --no-untracked\n`,
    )
    expect(untracked.code).toBe(3)
    await machine.write(directory, { '.gitignore': '.agola\n' })
    const ignored = await machine.run(start, { directory })
    expect(ignored.stderr).toBe(
      `agola: ${file} is ignored by git and so left out: git add --force ${file}, or run with --ignored\n`,
    )
    expect(ignored.code).toBe(3)
    expect((await machine.run([...start, '--ignored'], { directory })).code).toBe(0)
    await machine.git(directory, 'add', '--force', file)
    expect((await machine.run([...start, '--no-untracked'], { directory })).code).toBe(0)
  })

  it('names the supported files when only an unsupported one is there', async () => {
    const { code, stderr } = await startIn({ '.agola/config.star': 'def main(ctx): return {}' })
    expect(stderr).toContain('config.star')
    expect(stderr).toContain('config.jsonnet')
    expect(code).toBe(3)
  })

  it('says that a run or task that was named is not for this ref', async () => {
    const container = { runtime: { containers: [{ image: 'none' }] }, steps: [{ run: 'true' }] }
    const runs = [
      { name: 'ci', tasks: [{ name: 'build', ...container }] },
      { name: 'tagged', when: { tag: '/^v/' }, tasks: [{ name: 'publish', ...container }] },
    ]
    const directory = await machine.repository({ '.agola/config.json': { runs } })
    for (const named of [
      ['--run', 'tagged'],
      ['--task', 'publish'],
    ]) {
      const { code, stderr } = await machine.run([...start, ...named], { directory })
      expect(stderr).toBe(
        'nothing to run for refs/heads/main: `when` leaves out "tagged". --branch, --tag and --ref run as another ref.\n',
      )
      expect(code).toBe(9)
      expect((await machine.run([...start, ...named, '--allow-empty'], { directory })).code).toBe(0)
    }
    const both = await machine.run([...start, '--run', 'ci', '--run', 'tagged'], { directory })
    expect(both.stderr).toContain('warning: `when` leaves out the run "tagged"\n')
    expect(both.code).toBe(0)
  })

  it('refuses a privileged container before anything runs', async () => {
    const runtime = { containers: [{ image: 'none', privileged: true }] }
    const directory = await machine.repository(
      oneRun({ plain: { steps: ['true'] }, own: { runtime, steps: ['true'] } }),
    )
    for (const allowed of [[], ['--allow-privileged']]) {
      const { code, stderr, stdout } = await machine.run([...start, ...allowed], { directory })
      expect(stderr).toContain('agola: task "own" has a privileged container (none); plain processes are none')
      expect(stdout).toBe('')
      expect(code).toBe(7)
    }
    const list = await machine.run(['directrun', 'list', '--output', 'json'], { directory })
    expect(JSON.parse(list.stdout).runs).toEqual([])
  })

  it('stops at the end of --timeout while it still looks for the engine', async () => {
    const mute = createSocketServer(() => undefined).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as AddressInfo
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    const environment = { DOCKER_HOST: `tcp://127.0.0.1:${port}` }
    const words = ['directrun', 'start', '--driver', 'docker', '--timeout', '1s']
    const { code, stderr } = await machine.run(words, { directory, environment })
    mute.close()
    expect(stderr).toContain('agola: the time of --timeout is over: stopping\n')
    expect(code).toBe(4)
  })

  it('tells it as JSON wherever the output is for programs', async () => {
    for (const [args, environment] of [
      [['--output', 'ndjson'], {}],
      [[], { AGOLA_DIRECTRUN_OUTPUT: 'json' }],
    ] as const) {
      const { stderr } = await machine.run([...start, ...args], { environment })
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'notAGitRepository' } })
    }
  })

  it('takes no value of a flag for a word', async () => {
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    for (const flag of ['--only=false', '--local=false', '--no-git=false'])
      expect((await machine.run([...start, flag], { directory })).code).toBe(0)
  })

  it('says first that the run is local, and of what', async () => {
    const environment = { FROM: { from_variable: 'nobody_gave_it' } }
    const directory = await machine.repository(oneRun({ build: { environment, steps: ['true'] } }))
    const { stderr } = await machine.run(start, { directory })
    expect(stderr).toMatch(/^local run of main at [0-9a-f]{8}\n(.*nobody_gave_it.*\n)+plain processes /)
  })

  it('tells all of twenty mistakes with their places', async () => {
    const tasks = Array.from(
      { length: 20 },
      (_, index) => `      - name: t${index}\n        runtime: {type: cloud${index}}`,
    )
    const { code, stderr } = await startIn({
      '.agola/config.yml': `runs:\n  - name: ci\n    tasks:\n${tasks.join('\n')}\n`,
    })
    for (let index = 0; index < 20; index++) {
      expect(stderr).toContain(`cloud${index}`)
      expect(stderr).toMatch(new RegExp(`config\\.yml:${5 + index * 2}:\\d+`))
    }
    expect(code).toBe(3)
  })

  it('tells the cycle of a graph', async () => {
    const { code, stderr } = await startIn(
      oneRun({
        build: { steps: ['true'], depends: ['deploy'] },
        test: { steps: ['true'], depends: ['build'] },
        deploy: { steps: ['true'], depends: ['test'] },
      }),
    )
    expect(stderr).toMatch(/depends on itself, through "test"/)
    for (const name of ['build', 'test', 'deploy']) expect(stderr).toContain(name)
    expect(code).toBe(3)
  })

  it('suggests the name that was meant by --task and by --run', async () => {
    const files = oneRun({ build: { steps: ['true'] }, test: { steps: ['true'] } })
    const directory = await machine.repository(files)
    const task = await machine.run([...start, '--task', 'biuld'], { directory })
    expect(task.stderr).toMatch(/did you mean "build"/i)
    expect(task.code).toBe(2)
    const byRun = await machine.run([...start, '--run', 'c'], { directory })
    expect(byRun.stderr).toMatch(/"ci"/)
    expect(byRun.code).toBe(2)
  })

  it('refuses a flag that does not exist and conflicting ones', async () => {
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    for (const args of [
      ['--tsak', 'x'],
      ['--branch', 'a', '--tag', 'b'],
      ['--timeout', 'soon'],
      ['--max-tasks', '0'],
      ['--var', '=x'],
      ['--var', 'A'],
      ['--secret', 'A'],
      ['--pull-request-ref-regexes', '('],
    ]) {
      const { code, stderr } = await machine.run([...start, ...args], { directory })
      expect(stderr).not.toBe('')
      expect([args, code]).toEqual([args, 2])
    }
  })

  it.each(['inspect', 'logs', 'pin', 'restart', 'stop', 'unpin', 'wait'])(
    'says that a word is not the number of a run: directrun %s',
    async (command) => {
      const { code, stderr } = await machine.run(['directrun', command, 'build'])
      expect(stderr).toBe('agola: "build" is not the number of a run: agola directrun list shows the numbers\n')
      expect(code).toBe(2)
    },
  )

  it('says what to do when no engine answers', async () => {
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    for (const driver of ['auto', 'docker']) {
      const { code, stderr } = await machine.run(['directrun', 'start', '--driver', driver], { directory })
      expect(stderr).toContain('DOCKER_HOST')
      expect(stderr).toContain('--driver host')
      expect(code).toBe(6)
    }
    expect(await machine.leftovers()).toEqual([])
  })

  it('says that an engine is too old, and which one it needs', async () => {
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.end(
        JSON.stringify({ Version: '18.06.0', ApiVersion: '1.30', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' }),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    const environment = { DOCKER_HOST: `tcp://127.0.0.1:${port}` }
    const { code, stderr } = await machine.run(['directrun', 'start'], { directory, environment })
    server.close()
    expect(stderr).toContain('1.30')
    expect(stderr).toContain('1.41')
    expect(code).toBe(6)
  })

  it('takes names of tasks with emoji, and says how long one may be', async () => {
    const works = await startIn(oneRun({ 'prüfen 🚀 <b>': { steps: ['echo fine'] } }))
    expect(works.stdout).toContain('fine')
    expect(works.stderr).toContain('prüfen 🚀 <b>')
    expect(works.code).toBe(0)
    const tooLong = await startIn(oneRun({ ['x'.repeat(300)]: { steps: ['true'] } }))
    expect(tooLong.stderr).toContain('100')
    expect(tooLong.code).toBe(3)
  })

  it('gives up a jsonnet loop', async () => {
    const { code, stderr } = await startIn({ '.agola/config.jsonnet': 'local f(n) = f(n + 1) tailstrict; f(0)' })
    expect(stderr).toMatch(/config\.jsonnet/)
    expect(stderr).toMatch(/longer than \d+ ms/)
    expect(code).toBe(3)
  })

  it('gives up a jsonnet memory bomb', async () => {
    const bomb =
      'local double(a, n) = if n == 0 then a else double(a + a, n - 1) tailstrict; { runs: double(std.range(1, 1000), 40) }'
    const { code, stderr } = await startIn({ '.agola/config.jsonnet': bomb })
    expect(stderr).toMatch(/longer than|memory/)
    expect(code).toBe(3)
  })

  it('runs a read-only repository', async () => {
    const directory = await machine.repository(oneRun({ build: { steps: [{ clone: null }, 'ls .agola'] } }))
    await run('chmod', ['-R', 'a-w', directory])
    // Root writes all the same, so only then the mount makes it read-only.
    const isRoot = process.getuid?.() === 0
    if (isRoot) await run('mount', ['--bind', directory, directory])
    if (isRoot) await run('mount', ['-o', 'remount,bind,ro', directory])
    try {
      const { code, stdout } = await machine.run(start, { directory })
      expect(stdout).toContain('config.json')
      expect(code).toBe(0)
    } finally {
      if (isRoot) await run('umount', [directory])
      await run('chmod', ['-R', 'u+w', directory])
    }
  })

  it('says that the disk is full, and keeps what was stored before', async (context) => {
    if (process.getuid?.() !== 0) context.skip('needs root to mount a small disk')
    const saveCache = { save_cache: { key: 'one', contents: [{ source_dir: '.', paths: ['f'] }] } }
    const much = 'echo before; yes | head -c $BYTES'
    const environment = { BYTES: { from_variable: 'bytes' } }
    const directory = await machine.repository(
      oneRun({
        kept: { steps: ['echo kept; echo x >f', saveCache] },
        build: { depends: ['kept'], steps: [much], environment },
      }),
    )
    const small = join(machine.directory, 'small')
    await mkdir(small)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small])
    const there = {
      directory,
      environment: { AGOLA_LOCAL_STATE_DIR: small, AGOLA_LOCAL_CACHE_DIR: join(small, 'cache') },
    }
    try {
      expect((await machine.run([...start, '--var', 'bytes=10'], there)).code).toBe(0)
      const { code, stderr } = await machine.run([...start, '--quiet', '--var', 'bytes=16000000'], there)
      expect(stderr).toMatch(/disk is full|no space|no room/i)
      expect(code).toBe(6)
      expect((await machine.run(['doctor'], there)).stdout).toMatch(/FAIL +disk of the state/)
      expect(await machine.run(['clean', '--cache'], there)).toMatchObject({
        stdout: expect.stringContaining('removed 1 cache'),
      })
      await run('mount', ['-o', 'remount,size=64m', small])
      const { runs } = JSON.parse((await machine.run(['directrun', 'list', '--output', 'json'], there)).stdout)
      expect(runs.map(({ number, result }: Record<string, unknown>) => [number, result])).toEqual([
        [2, 'failed'],
        [1, 'success'],
      ])
      expect((await machine.run(['directrun', 'logs', '1', '--task', 'kept'], there)).stdout).toContain('] kept\n')
      const restart = ['directrun', 'restart', '--from-failed', '--quiet', '--driver', 'host']
      expect((await machine.run(restart, there)).code).toBe(0)
    } finally {
      await run('umount', [small])
    }
  })

  it.for(['state', 'cache'])('says that the file system of its %s directory is read-only', async (name, context) => {
    if (process.getuid?.() !== 0) context.skip('needs root to mount')
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    const there = join(machine.directory, 'there')
    await mkdir(there)
    await run('mount', ['--bind', there, there])
    await run('mount', ['-o', 'remount,bind,ro', there])
    const variable = `AGOLA_LOCAL_${name.toUpperCase()}_DIR`
    try {
      const environment = { [variable]: join(there, 'agola') }
      const { code, stderr } = await machine.run(start, { directory, environment })
      expect(stderr).toContain(
        `agola: the ${name} directory ${there}/agola cannot be made: the file system is read-only`,
      )
      expect(stderr).toContain(variable)
      expect(stderr).not.toContain('mistake in agola')
      expect(code).toBe(6)
    } finally {
      await run('umount', [there])
    }
  })

  it('does not wait where nothing can be made', async () => {
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    for (const args of [start, ['doctor']]) {
      const environment = { AGOLA_LOCAL_STATE_DIR: '/proc/agola/state' }
      const { code, stdout, stderr } = await machine.run(args, { directory, environment })
      expect(stderr + stdout).toMatch(/state directory.* \/proc\/agola[\s\S]*AGOLA_LOCAL_STATE_DIR/)
      expect(code).not.toBe(0)
    }
  })

  it('says that its state directory cannot be written', async () => {
    const directory = await machine.repository(oneRun({ build: { steps: ['true'] } }))
    await machine.write(machine.directory, { file: '' })
    await chmod(join(machine.directory, 'file'), 0o400)
    const environment = { AGOLA_LOCAL_STATE_DIR: join(machine.directory, 'file', 'state') }
    const { code, stderr } = await machine.run(start, { directory, environment })
    expect(stderr).toContain(join(machine.directory, 'file'))
    expect(stderr).toContain('no directory')
    expect(stderr).not.toContain('mistake in agola')
    expect(code).toBe(6)
  })
})
