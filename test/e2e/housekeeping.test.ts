import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start', '--driver', 'host']

describe('looking after a machine', () => {
  let machine: LocalMachine
  let directory: string
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
  })
  afterEach(() => machine.end())

  const agola = async (...args: string[]) => machine.run(args, { directory })
  const said = async (...args: string[]) => (await agola(...args)).stdout

  const slow = oneRun({ build: { steps: ['echo begun; sleep 600'] } })
  const cached = oneRun({
    build: {
      steps: [
        { type: 'run', command: 'mkdir deps; echo 1 >deps/a' },
        { type: 'save_cache', key: 'deps-{{ arch }}-1', contents: [{ source_dir: 'deps' }] },
        { type: 'restore_cache', keys: ['other', 'deps-'], dest_dir: 'copy' },
      ],
    },
  })

  it('clean takes away what a killed process left and closes its run, which can be run again', async () => {
    directory = await machine.repository(slow)
    const killed = machine.start([...start, '--output', 'ndjson'], { directory })
    await killed.printed('begun')
    await killed.kill()
    expect(await said('clean', '--output', 'json')).toContain('"kind":"process data","count":1')
    expect(await machine.leftovers()).toEqual([])
    const listed = JSON.parse(await said('directrun', 'list', '--output', 'json'))
    expect(listed.runs).toMatchObject([{ number: 1, phase: 'finished', result: 'failed' }])
    expect(await said('directrun', 'logs', '1')).toContain('begun')
    expect(await said('clean')).toContain('nothing to remove')
  })

  it('the daily cleaning comes after the summary of a run, from the second day on', async () => {
    directory = await machine.repository(cached)
    await agola(...start)
    const mark = join(machine.state, 'last-cleaning')
    const caches = join(machine.cache, 'data', 'caches')
    await writeFile(join(caches, 'old.tar'), 'x')
    await utimes(join(caches, 'old.tar'), 1, 1)
    await agola(...start)
    expect(await readdir(caches)).toContain('old.tar')
    const yesterday = (Date.now() - 36 * 60 * 60 * 1000) / 1000
    await utimes(mark, yesterday, yesterday)
    const { code, stderr } = await agola(...start)
    expect([code, stderr.includes('success')]).toEqual([0, true])
    expect(await readdir(caches)).not.toContain('old.tar')
    expect(await readdir(machine.state)).not.toContain('cleaning.lock')
  })

  it('caches are listed, explained and removed', async () => {
    directory = await machine.repository(cached)
    await agola(...start)
    expect(await said('cache', 'list')).toMatch(/never used|used/)
    const name = `deps-${process.arch === 'x64' ? 'amd64' : process.arch}-1`
    const explained = JSON.parse(await said('cache', 'explain', '--output', 'json'))
    expect(explained.steps).toMatchObject([
      { type: 'save_cache', lookups: [{ template: 'deps-{{ arch }}-1', key: name, answer: 'saved', present: true }] },
      {
        type: 'restore_cache',
        lookups: [
          { key: 'other', answer: 'missing' },
          { key: 'deps-', answer: 'prefix', entry: name },
        ],
      },
    ])
    expect((await agola('cache', 'rm', 'deps-')).code).toBe(8)
    expect((await agola('cache', 'rm', name)).code).toBe(0)
    expect(await said('cache', 'list', '--all')).toBe('no caches\n')
    expect(await said('cache', 'explain')).toContain('(removed since)')
    expect((await agola('cache', 'prune', '--max-size', 'much')).code).toBe(2)
  })

  it('maintenance refuses new runs; an export can be imported in maintenance only', async () => {
    directory = await machine.repository(cached)
    await agola(...start)
    const file = join(machine.directory, 'export')
    expect((await agola('export', '--out', file)).code).toBe(0)
    expect((await agola('import', '--in', file)).code).toBe(3)
    expect(await said('maintenance', 'enable')).toContain('maintenance is enabled')
    const refused = await agola(...start)
    expect(refused.code).toBe(6)
    expect(refused.stderr).toContain('agola maintenance disable')
    expect((await agola('import', '--in', join(directory, 'nothing'))).code).toBe(3)
    expect(await said('import', '--in', file)).toContain('imported 1 run')
    await agola('maintenance', 'disable')
    expect((await agola(...start)).code).toBe(0)
    const listed = JSON.parse(await said('directrun', 'list', '--output', 'json'))
    expect(listed.runs.map(({ number }: { number: number }) => number)).toEqual([2, 1])
  })

  it('doctor ends with 1 without a container engine and says the way out', async () => {
    directory = await machine.repository(cached)
    const { code, stdout } = await agola('doctor')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^FAIL {2}container engine: .*\n {6}start Docker or Podman, set DOCKER_HOST/m)
    expect(JSON.parse(await said('doctor', '--output', 'json')).ok).toBe(false)
  })
})
