import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'

const run = promisify(execFile)
const start = ['directrun', 'start', '--driver', 'host']

describe('the store of a repository', () => {
  let machine: LocalMachine
  let directory: string
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
  })
  afterEach(() => machine.end())

  const agola = (...args: string[]) => machine.run(args, { directory })

  it('says what keeps an export from being written, and leaves none of it', async (context) => {
    directory = await machine.repository(oneRun({ a: { steps: ['yes | head -c 100000'] } }))
    expect((await agola(...start, '--quiet')).code).toBe(0)
    const small = join(machine.directory, 'small')
    const missing = await agola('export', '--out', join(small, 'runs'))
    expect(missing.stderr).toMatch(/--out \S+ cannot be written: \S+\/small does not exist\n$/)
    expect(missing.code).toBe(2)
    if (process.getuid?.() !== 0) context.skip('needs root to mount a small disk')
    await mkdir(small)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', small])
    try {
      const { code, stderr } = await agola('export', '--out', join(small, 'runs'))
      expect(stderr).toMatch(/--out \S+ cannot be written: the disk is full: free some space/)
      expect(code).toBe(6)
      expect(await readdir(small)).toEqual([])
    } finally {
      await run('umount', [small])
    }
  })

  it('can be exported while runs begin and end, and each export is whole', async () => {
    directory = await machine.repository(oneRun({ a: { steps: ['echo a'] }, b: { steps: ['echo b'], depends: ['a'] } }))
    expect((await agola(...start)).code).toBe(0)
    const runs = (async () => {
      const codes: (number | null)[] = []
      for (let round = 0; round < 4; round++)
        codes.push(...(await Promise.all([agola(...start), agola(...start)])).map(({ code }) => code))
      return codes
    })()
    let isOver = false
    void runs.finally(() => {
      isOver = true
    })
    const counts: number[] = []
    while (!isOver) counts.push(await runsIn(await exported(counts.length)))
    expect(await runs).toEqual(Array.from({ length: 8 }, () => 0))
    counts.push(await runsIn(await exported(counts.length)))
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts.at(-1)).toBe(9)
    // The largest of those that were taken amid runs stands for all when it comes to taking it back.
    const taken = counts.findLastIndex((count) => count < 9)
    expect((await agola('maintenance', 'enable')).code).toBe(0)
    const imported = await agola('import', '--in', join(machine.directory, `export-${taken}`))
    expect(imported.stdout).toContain(`imported ${counts[taken]} run`)
    expect((await agola('maintenance', 'disable')).code).toBe(0)
    const { stdout } = await agola('directrun', 'list', '--output', 'json')
    expect(JSON.parse(stdout).runs).toHaveLength(counts[taken] ?? -1)
    expect((await agola(...start)).code).toBe(0)
    const newest = JSON.parse((await agola('directrun', 'list', '--limit', '1', '--output', 'json')).stdout)
    expect(newest.runs).toMatchObject([{ number: 10, result: 'success' }])
  })

  async function exported(at: number): Promise<string> {
    const file = join(machine.directory, `export-${at}`)
    const { code, stderr } = await agola('export', '--out', file)
    expect([code, stderr]).toEqual([0, stderr])
    return file
  }

  /** Every run has its run config, is over, and stands there once; the last line knows how many lines there are. */
  async function runsIn(file: string): Promise<number> {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const [head, ...rest] = lines.map((line) => JSON.parse(line))
    const end = rest.pop()
    expect(head).toEqual({ agola_export: 1 })
    expect(end).toEqual({ entries: rest.length })
    const of = (type: string) => rest.filter(({ data_type }) => data_type === type)
    const configs = new Set(of('runconfig').map(({ id }) => id))
    const runs = of('run').map(({ data }) => JSON.parse(Buffer.from(data, 'base64').toString()))
    for (const run of runs) {
      expect(run).toMatchObject({ phase: 'finished', archived: true })
      expect(configs).toContain(run.runConfigId)
    }
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length)
    return runs.length
  }

  const sql = (text: string) => async (file: string) => {
    const db = new DatabaseSync(file)
    db.exec(text)
    db.close()
  }
  it.each([
    ['of another program', 'another program', async (file: string) => sql('CREATE TABLE notes (text)')(file)],
    ['that is no database', 'no SQLite database', (file: string) => writeFile(file, 'a letter to my aunt '.repeat(99))],
    ['of a newer agola', 'Update agola', sql('PRAGMA application_id = 1097297713; PRAGMA user_version = 99')],
  ])('is refused and left alone when it is a file %s, by every command', async (_, words, make) => {
    directory = await machine.repository(oneRun({ a: { steps: ['true'] } }))
    await machine.git(directory, 'config', 'agola.repouuid', 'u')
    const place = join(machine.state, 'repos', 'u')
    await mkdir(place, { recursive: true })
    await make(join(place, 'store.sqlite'))
    const before = await readFile(join(place, 'store.sqlite'))
    for (const command of [start, ['directrun', 'list'], ['export', '--out', join(machine.directory, 'out')]]) {
      const { code, stderr } = await agola(...command)
      expect(stderr).toContain(words)
      expect(stderr).toContain(join(place, 'store.sqlite'))
      expect([command, code]).toEqual([command, 6])
    }
    expect(await readFile(join(place, 'store.sqlite'))).toEqual(before)
  })
})
