import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start', '--driver', 'host', '--output', 'json']

describe('a directory that is no git repository', () => {
  let machine: LocalMachine
  let directory: string
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
    directory = join(machine.directory, 'plain')
    await mkdir(join(directory, 'sub'), { recursive: true })
    const look = 'echo "<$AGOLA_GIT_BRANCH $AGOLA_GIT_COMMITSHA>"; cat sub/file; test ! -e .git; test -z "$FAIL"'
    await machine.write(directory, {
      ...oneRun({ look: { steps: [{ clone: null }, look], environment: { FAIL: { from_variable: 'fail' } } } }),
      'sub/file': 'as it is\n',
    })
  })
  afterEach(async () => {
    const left = await machine.leftovers()
    await machine.end()
    expect(left).toEqual([])
  })

  it('is refused with the flag that takes it', async () => {
    const { code, stderr } = await machine.run(start, { directory })
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('--no-git') })
  })

  it('runs with --no-git, and its runs are found from everywhere inside', async () => {
    const first = await machine.run([...start, '--no-git', '--var', 'fail=1'], { directory })
    expect(JSON.parse(first.stdout)).toMatchObject({ commit: '', ref: 'refs/heads/local', exit_code: 1 })
    const inside = { directory: join(directory, 'sub') }
    const logs = await machine.run(['directrun', 'logs', '--task', 'look'], inside)
    expect(logs.stdout).toMatch(/copying the directory \(.*\n(.*\n)*.*<local >\n.*as it is/)
    const again = await machine.run([...start, '--no-git'], { directory })
    expect(again.code, again.stdout + again.stderr).toBe(0)
    const list = await machine.run(['directrun', 'list', '--output', 'json'], inside)
    expect(JSON.parse(list.stdout).runs).toMatchObject([
      { number: 2, result: 'success', ref: 'refs/heads/local', commit: '' },
      { number: 1, result: 'failed' },
    ])
    const inspected = await machine.run(['directrun', 'inspect'], inside)
    expect(inspected.stdout).not.toContain('commit')
    const restarted = await machine.run(['directrun', 'restart', '1', '--driver', 'host', '--output', 'json'], inside)
    expect(JSON.parse(restarted.stdout)).toMatchObject({ commit: '', exit_code: 1 })
  })

  it('is said to have no commit, and is taken without the caches in it', async () => {
    await machine.write(directory, {
      '.caches/data/x': 'cached',
      ...oneRun({ a: { steps: [{ clone: null }, 'ls -A'] } }),
    })
    const environment = { AGOLA_LOCAL_CACHE_DIR: join(directory, '.caches') }
    const args = ['directrun', 'start', '--driver', 'host', '--no-git']
    const { stdout, stderr } = await machine.run(args, { directory, environment })
    expect(stderr).toContain('local run of local, ')
    expect(stdout).toContain('sub')
    expect(stdout).not.toContain('.caches')
  })

  it('takes a plain subdirectory of a repository, too', async () => {
    await machine.git(machine.directory, 'init', '--quiet')
    const { stdout, code } = await machine.run([...start, '--no-git'], { directory })
    expect({ code, ref: JSON.parse(stdout).ref }).toEqual({ code: 0, ref: 'refs/heads/local' })
    expect(await machine.git(machine.directory, 'config', '--list', '--local')).not.toContain('agola')
  })
})
