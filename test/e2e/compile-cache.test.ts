import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host', '--no-screen']

describe('what Node keeps of the compiled program', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  let directory: string
  let environment: Record<string, string>
  beforeEach(async () => {
    machine = suite.machine
    environment = { NODE_COMPILE_CACHE: join(machine.directory, 'compiled') }
    directory = await machine.repository(oneRun({ build: { steps: ['echo built'] } }))
  })

  async function kept(): Promise<{ files: Record<string, number>; bytes: number }> {
    const root = join(machine.directory, 'compiled')
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const stats = await Promise.all(paths.map(async (path) => [path, await stat(path)] as const))
    const bytes = stats.reduce((sum, [, { size }]) => sum + size, 0)
    return { files: Object.fromEntries(stats.map(([path, { mtimeMs }]) => [path, mtimeMs])), bytes }
  }

  it('holds all functions, and is written once, whichever command loads a file', async () => {
    expect((await machine.run(start, { directory, environment })).code).toBe(0)
    const first = await kept()
    // Without the functions that run after a file was loaded it is a third of this.
    expect(first.bytes).toBeGreaterThan(1_500_000)
    for (const words of [['config', 'validate'], ['directrun', 'list'], start])
      expect((await machine.run(words, { directory, environment })).code).toBe(0)
    const last = await kept()
    expect(last.files).toMatchObject(first.files)
  })

  it('stays as it is where a thread reads the config', async () => {
    const config = JSON.stringify(oneRun({ build: { steps: ['echo built'] } })['.agola/config.json'])
    const jsonnet = await machine.repository({ '.agola/config.jsonnet': `local nothing = 0; ${config}` })
    const runBoth = async () => {
      for (const where of [directory, jsonnet])
        expect((await machine.run(start, { directory: where, environment })).code).toBe(0)
    }
    await runBoth()
    const first = await kept()
    await runBoth()
    expect((await kept()).files).toEqual(first.files)
  })

  it('is done without where there is no place for it', async () => {
    environment = { NODE_COMPILE_CACHE: '/dev/null/compiled' }
    expect((await machine.run(start, { directory, environment })).code).toBe(0)
  })
})
