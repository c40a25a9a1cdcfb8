import { open, readdir, readFile, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start', '--driver', 'host']
const restart = ['directrun', 'restart', '--from-failed', '--driver', 'host']

describe('A damaged history', () => {
  let machine: LocalMachine
  let directory: string
  let store: string
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
    directory = await machine.repository(
      oneRun({
        build: {
          steps: ['seq 1 9999 | tee made', { save_to_workspace: { contents: [{ source_dir: '.', paths: ['made'] }] } }],
        },
        fails: { depends: ['build'], steps: [{ restore_workspace: { dest_dir: '.' } }, 'wc -l <made; exit 3'] },
      }),
    )
    for (let count = 0; count < 3; count++) expect((await machine.run(start, { directory })).code).toBe(1)
    const [repository = ''] = await readdir(join(machine.state, 'repos'))
    store = join(machine.state, 'repos', repository)
  })
  afterEach(() => machine.end())

  const run = (args: string[]) => machine.run(args, { directory })
  const numbers = async (): Promise<number[]> =>
    JSON.parse((await run(['directrun', 'list', '--output', 'json'])).stdout).runs.map(
      ({ number }: { number: number }) => number,
    )

  /** Of one kind, the object of the oldest run first. */
  async function objects(kind: string, suffix: string): Promise<string[]> {
    const found = await readdir(join(store, 'objects', 'data', kind), { recursive: true })
    return found.filter((path) => path.endsWith(suffix)).map((path) => join(store, 'objects', 'data', kind, path))
  }

  it('that is the store is told by every command, and comes back when its file is moved away', async () => {
    const file = join(store, 'store.sqlite')
    await using handle = await open(file, 'r+')
    const bytes = (await readFile(file)).length
    for (let page = 2; page * 4096 < bytes; page += 2)
      await handle.write(Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096)
    for (const args of [['directrun', 'list'], ['directrun', 'logs', '2'], start, restart]) {
      const { code, stderr } = await run(args)
      expect(stderr).toContain(`${file} is damaged`)
      expect(stderr).toContain('Move this one file away')
      expect([args, code]).toEqual([args, 6])
    }
    expect((await run(['doctor'])).stdout).toContain(`${file} is damaged`)
    await rename(file, `${file}.damaged`)
    // The newest too: a process that ends by itself leaves nothing in this file alone.
    expect(await numbers()).toEqual([3, 2, 1])
    expect((await run(['directrun', 'logs', '3', '--task', 'build'])).stdout).toContain('] 9999\n')
    expect((await run(['directrun', 'logs', '1', '--task', 'build'])).stdout).toContain('] 9999\n')
    expect((await run([...restart.slice(0, 2), '1', ...restart.slice(2)])).code).toBe(1)
    expect(await numbers()).toHaveLength(new Set(await numbers()).size)
  })

  it('that is a log shows what is left of it, and says so', async () => {
    for (const log of await objects('logs', '0.log')) await truncate(log, 100)
    const { code, stdout, stderr } = await run(['directrun', 'logs', '1', '--task', 'build'])
    expect(stderr).toBe('agola: the log of build/seq 1 9999 | tee made was cut: 100 B of 59 kB are left\n')
    expect(stdout).toContain('] 10\n')
    expect(stdout).not.toContain('] 9999\n')
    expect(code).toBe(0)
    for (const log of await objects('logs', '0.log')) await rm(log)
    const gone = await run(['directrun', 'logs', '1', '--task', 'build'])
    expect(gone.stdout).toContain('saved 1 entry')
    expect(gone.stderr).toBe('agola: the log of build/seq 1 9999 | tee made (59 kB) is not there any more\n')
    expect(gone.code).toBe(0)
    // A whole one is told by nothing.
    expect((await run(['directrun', 'logs', '1', '--task', 'build', '--setup'])).stderr).toBe('')
  })

  it('that is a log of a run under way is told afterwards; the run ends as it would', async () => {
    const gate = join(machine.directory, 'go')
    const files = oneRun({ a: { steps: [`seq 1 9999; until [ -e ${gate} ]; do sleep 0.1; done`] } })
    const other = await machine.repository(files)
    const program = machine.start([...start, '--output', 'ndjson'], { directory: other })
    await program.printed('9999')
    const executors = join(machine.state, 'executors')
    const logs = (await readdir(executors, { recursive: true })).filter((path) => path.endsWith('0.log'))
    expect(logs).toHaveLength(1)
    await truncate(join(executors, logs[0] ?? ''), 100)
    await machine.write(machine.directory, { go: '' })
    expect((await program.ended).code).toBe(0)
    const { stderr } = await machine.run(['directrun', 'logs'], { directory: other })
    expect(stderr).toMatch(/^agola: the log of a\/.* was cut: 100 B of 59 kB are left\n$/)
  })

  it('that is a workspace lets only its run go, and says so', async () => {
    for (const archive of await objects('workspacearchives', '.tar')) await rm(archive)
    const { code, stderr } = await run(restart)
    expect(stderr).toMatch(/workspace|archive/)
    expect(stderr).toContain('restart it from the start')
    expect(code).not.toBe(0)
    expect(await numbers()).toEqual([3, 2, 1])
  })
})
