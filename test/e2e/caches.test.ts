import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host']
const contents = [{ source_dir: '.', dest_dir: '.', paths: ['file'] }]
const save = (key: string, text: string) => [`echo ${text} > file`, { save_cache: { key, contents } }]
/** Of user and repository, each with its dash, before every key. */
const prefixLength = 2 * (36 + 1)

describe('caches of a direct run', () => {
  const suite = machineSuite()
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  const run = async (steps: unknown[]) =>
    machine.run(start, { directory: await machine.repository(oneRun({ a: { steps: steps as string[] } })) })

  it('are found by the newest that begins with the key, and never change', async () => {
    const { code, stdout } = await run([
      ...save('k-2', 'older'),
      ...save('k-1', 'newer'),
      ...save('k-1', 'refused'),
      'rm file',
      { restore_cache: { keys: ['none', 'k-'], dest_dir: '.' } },
      'cat file',
    ])
    expect(stdout).toContain('cache "k-1" exists already')
    expect(stdout).toMatch(/^\[a\/cat file\] newer$/m)
    expect(code).toBe(0)
  })

  it('may have keys of 200 characters with their prefix, and no longer ones', async () => {
    const longest = 'x'.repeat(200 - prefixLength)
    const fits = await run([...save(longest, 'fits'), 'rm file', { restore_cache: { keys: [longest], dest_dir: '.' } }])
    expect([fits.code, fits.stdout]).toEqual([0, expect.stringContaining(`saved cache "${longest}"`)])
    const tooLong = await run(save(`${longest}x`, 'never'))
    expect(tooLong.code).toBe(1)
    expect(tooLong.stdout + tooLong.stderr).toMatch(/with its prefix 201, where 200 are allowed; shorten it to 126/)
  })
})
