import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { EngineClient, EngineFailure } from '../../src/engine/adapters/drivers/docker/client.ts'
import { dockerEngine, type TestEngine } from '../support/docker-engine.ts'
import { engineSuite } from '../support/engine-suite.ts'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start']

/** Whether the engine can start a privileged container on this machine at all. */
async function enginePrivileges({ engine }: TestEngine, image: string): Promise<boolean> {
  const client = new EngineClient(engine)
  const body = { Image: image, Cmd: ['true'], HostConfig: { Privileged: true } }
  const { Id: id } = (await client.json('POST', '/containers/create', { body })) as { Id: string }
  try {
    await client.json('POST', `/containers/${id}/start`)
    return true
  } catch (error) {
    if (error instanceof EngineFailure) return false
    throw error
  } finally {
    await client.json('DELETE', `/containers/${id}`, { query: { force: true } })
  }
}

describe('directrun start in containers', () => {
  const suite = engineSuite(dockerEngine, { leavesNothing: true })
  let world: TestEngine
  let machine: LocalMachine
  let image: string
  beforeEach(() => {
    ;({ world, machine, image } = suite)
  })

  it('gives two parallel tasks the same tree, whatever happens to the files meanwhile', async () => {
    const list = 'find . -path ./.git -prune -o -type f -print -exec cat {} \\; | sort | sha256sum'
    const gate = { type: 'run', name: 'gate', command: 'sleep 1' }
    const directory = await machine.repository({
      ...oneRun({
        one: { image, steps: [{ clone: null }, gate, list] },
        two: { image, steps: [gate, { clone: null }, list] },
      }),
      'a/b': 'before',
    })
    await machine.write(directory, { untracked: 'x' })
    const program = machine.start([...start, '--output', 'ndjson'], { directory })
    await program.event(({ type }) => type === 'run_created')
    await machine.write(directory, { 'a/b': 'after', another: 'y' })
    expect((await program.ended).code).toBe(0)
    const sums = program.events.filter(({ data }) => / {2}-/.test(String(data))).map(({ data }) => data)
    expect(sums).toHaveLength(2)
    expect(sums[0]).toBe(sums[1])
  })

  it('lets tasks that follow one another have the same network', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `task ${index}`)
    const tasks = names.map((name, index) => [
      name,
      { image, steps: ['echo host $(hostname)'], depends: names.slice(Math.max(0, index - 1), index) },
    ])
    const directory = await machine.repository(oneRun(Object.fromEntries(tasks)))
    const { code, stdout } = await machine.run(start, { directory })
    expect(code).toBe(0)
    const hosts = stdout.match(/host [0-9a-f]{12}$/gm) ?? []
    expect(hosts).toHaveLength(8)
    expect(new Set(hosts).size).toBeLessThan(8)
  })

  it('clones, saves, restores and caches as a user who is not root, read-only directories included', async () => {
    const contents = [{ source_dir: '.', dest_dir: '.', paths: ['**'] }]
    const build = 'mkdir -p deep/closed; echo kept > deep/closed/file; chmod 0555 deep/closed; id -u'
    const check = 'cat deep/closed/file; stat -c %a deep/closed; stat -c %u deep/closed/file'
    const task = { image, user: 'dev', working_dir: '/home/dev/project' }
    const { code, stdout } = await machine.run(start, {
      directory: await machine.repository(
        oneRun({
          build: {
            ...task,
            steps: [
              { clone: null },
              build,
              { save_to_workspace: { contents } },
              { save_cache: { key: 'k', contents } },
            ],
          },
          restore: { ...task, depends: ['build'], steps: [{ restore_workspace: { dest_dir: '.' } }, check] },
          cached: { ...task, depends: ['build'], steps: [{ restore_cache: { keys: ['k'], dest_dir: '.' } }, check] },
        }),
      ),
    })
    expect(code).toBe(0)
    expect(stdout.match(/\] kept$/gm)).toHaveLength(2)
    expect(stdout.match(/\] 555$/gm)).toHaveLength(2)
    expect(stdout.match(/\] 1000$/gm)).toHaveLength(3)
  })

  it('works in a working directory on a tmpfs', async () => {
    const contents = [{ source_dir: '.', dest_dir: '.', paths: ['**'] }]
    const containers = [{ image, volumes: [{ path: '/work', tmpfs: { size: '64M' } }] }]
    const task = { runtime: { containers }, working_dir: '/work/project' }
    const { code, stdout } = await machine.run(start, {
      directory: await machine.repository({
        ...oneRun({
          build: { ...task, steps: [{ clone: null }, 'echo made > made', { save_to_workspace: { contents } }] },
          check: { ...task, depends: ['build'], steps: [{ restore_workspace: { dest_dir: '.' } }, 'cat made source'] },
        }),
        source: 'from the tree\n',
      }),
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/\] made$/m)
    expect(stdout).toMatch(/\] from the tree$/m)
  })

  it('sets up an image without a shell, in which only a run step fails', async () => {
    const bare = await suite.images.onlyTrue()
    const { code, stdout, stderr } = await machine.run(start, {
      directory: await machine.repository(oneRun({ a: { image: bare, steps: [{ clone: null }, 'echo never'] } })),
    })
    expect(stderr).toMatch(/\[a\/clone\] done/)
    expect(stdout + stderr).toMatch(/shell "\/bin\/sh" does not exist/)
    expect(code).toBe(1)
  })

  it('finds the newest cache of a prefix and skips what is there already', async () => {
    const contents = [{ source_dir: '.', dest_dir: '.', paths: ['file'] }]
    const save = (key: string, text: string) => [`echo ${text} > file`, { save_cache: { key, contents } }]
    const directory = await machine.repository(
      oneRun({
        one: { image, steps: save('k-1', 'first') },
        two: { image, depends: ['one'], steps: save('k-2', 'second') },
        again: { image, depends: ['two'], steps: save('k-2', 'third') },
        prefix: {
          image,
          depends: ['again'],
          steps: [{ restore_cache: { keys: ['none-', 'k-'], dest_dir: '.' } }, 'cat file'],
        },
        exact: { image, depends: ['again'], steps: [{ restore_cache: { keys: ['k-1'], dest_dir: '.' } }, 'cat file'] },
        missing: { image, depends: ['again'], steps: [{ restore_cache: { keys: ['z'], dest_dir: '.' } }, 'ls'] },
      }),
    )
    const { code, stdout } = await machine.run(start, { directory })
    expect(stdout).toMatch(/^\[prefix\/cat file\] second$/m)
    expect(stdout).toMatch(/^\[exact\/cat file\] first$/m)
    expect(stdout).not.toContain('] third')
    expect(code).toBe(0)
  })

  it('says why an image cannot be had, and that this was not the build', async () => {
    const { code, stdout, stderr } = await machine.run([...start, '--pull', 'never'], {
      directory: await machine.repository(oneRun({ a: { image: 'not/here:1', steps: ['true'] } })),
    })
    expect(stdout).toMatch(/\[a\/setup\].*not\/here:1/)
    expect(stderr).toMatch(/--pull/)
    expect(code).toBe(6)
  })

  it('refuses privileged containers unless they are allowed', async () => {
    const containers = [{ image, privileged: true }]
    const directory = await machine.repository(oneRun({ a: { runtime: { containers }, steps: ['echo ran'] } }))
    const refused = await machine.run(start, { directory })
    expect(refused.stderr).toContain('agola: task "a" has a privileged container')
    expect(refused.stdout).toBe('')
    expect(refused.code).toBe(7)
    const allowed = await machine.run([...start, '--allow-privileged'], { directory })
    // Where the machine keeps its engine from it, the engine says so, and that is no fault of the build.
    const expected = (await enginePrivileges(world, image)) ? [0, true] : [6, false]
    expect([allowed.code, /\] ran$/m.test(allowed.stdout)]).toEqual(expected)
  })

  it('runs services beside a task, and takes them away with it', async () => {
    const containers = [{ image }, { image, entrypoint: 'sleep 1000' }]
    const directory = await machine.repository(oneRun({ a: { runtime: { containers }, steps: ['echo ran; sleep 1'] } }))
    const program = machine.start([...start, '--output', 'ndjson'], { directory })
    await program.printed('ran')
    expect((await machine.engineObjects()).filter((object) => object.endsWith('running'))).toHaveLength(2)
    expect((await program.ended).code).toBe(0)
  })

  it('shows no secret anywhere, however a step prints it', async () => {
    const [secret, lines] = ['s3cr3t-of-the-house', 'first line of key\nsecond line of key']
    const from = (name: string) => ({ from_variable: name })
    const directory = await machine.repository(
      oneRun({
        a: {
          image,
          environment: { TOKEN: from('token'), KEY: from('key') },
          steps: [
            'env',
            'i=0; while [ $i -lt ${#TOKEN} ]; do printf %s "$(printf %s "$TOKEN" | cut -c$((i + 1)))"; i=$((i + 1)); done; echo',
            'printf %s "$TOKEN" | busybox base64; printf "user:%s" "$TOKEN" | busybox base64; printf "ab%s" "$TOKEN" | busybox base64',
            'echo "$KEY" | sed "s/$/\\r/"',
            'echo "failed with $TOKEN" >&2; cd "/$TOKEN"',
          ],
        },
      }),
    )
    const flags = ['--secret', `token=${secret}`, '--secret', `key=${lines}`]
    const seen = await machine.run([...start, ...flags], { directory })
    const events = await machine.run([...start, ...flags, '--output', 'ndjson'], { directory })
    expect([seen.code, events.code]).toEqual([1, 1])
    const logs = await machine.run(['directrun', 'logs', '1', '--task', 'a', '--setup'], { directory })
    const details = await machine.run(['directrun', 'inspect', '1', '--output', 'json'], { directory })
    const base64 = ['', 'user:', 'ab'].map((before) =>
      Buffer.from(before + secret)
        .toString('base64')
        .slice(8, 24),
    )
    const hidden = [secret, ...lines.split('\n'), ...base64]
    const texts = [seen, events, logs, details].flatMap(({ stdout, stderr }) => [stdout, stderr])
    for (const file of await everyFile(machine.directory, ['compile-cache', 'repository-1'])) texts.push(file)
    for (const word of hidden) expect(texts.filter((text) => text.includes(word))).toEqual([])
    expect(seen.stdout).toContain('***')
  })
})

/** The contents of all files below a directory, byte for byte. */
async function everyFile(directory: string, without: readonly string[]): Promise<string[]> {
  const texts: string[] = []
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name)
    if (without.some((part) => path.includes(part)) || !(await stat(path)).isFile()) continue
    texts.push(await readFile(path, 'latin1'))
  }
  return texts
}
