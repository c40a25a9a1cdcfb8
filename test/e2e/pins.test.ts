import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

describe('directrun pin', () => {
  const suite = machineSuite()
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  it('shows and takes back what it keeps, for all processes', async () => {
    const directory = await machine.repository(oneRun({ a: { steps: ['echo a'] } }))
    for (let run = 1; run <= 2; run++) await machine.run(['directrun', 'start', '--driver', 'host'], { directory })
    const agola = (...args: string[]) => machine.run(['directrun', ...args], { directory })
    const pinned = await Promise.all([agola('pin', '1'), agola('pin', '1'), agola('pin', '2'), agola('unpin', '2')])
    expect(pinned.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    await agola('unpin', '2')
    expect((await agola('list')).stdout).toMatch(/^2 .*s\n1 .* pinned\n$/)
    expect(JSON.parse((await agola('list', '--output', 'json')).stdout).runs).toMatchObject([
      { number: 2, pinned: false },
      { number: 1, pinned: true },
    ])
    expect((await agola('inspect', '1')).stdout).toContain('pinned')
    expect(JSON.parse((await agola('inspect', '1', '--output', 'json')).stdout)).toMatchObject({ pinned: true })
    await agola('unpin', '1')
    expect((await agola('list')).stdout).not.toContain('pinned')
    expect(await agola('pin', '9')).toMatchObject({ code: 8, stderr: expect.stringContaining('no run 9') })
  })
})
