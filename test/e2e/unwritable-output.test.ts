import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const run = promisify(execFile)
const start = ['directrun', 'start', '--driver', 'host']
/** Every write to it says that the disk is full. */
const toFullDisk = (redirections = '>/dev/full') => ['sh', '-c', `exec "$@" ${redirections}`, 'sh']

describe('an output that cannot be written', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  let directory: string
  beforeEach(async () => {
    machine = suite.machine
    directory = await machine.repository(oneRun({ build: { steps: ['echo begin; sleep 600'] } }))
  })

  it.each(['text', 'ndjson'])('stops the run, and is told with the way out: --output %s', async (output) => {
    const { code, stderr } = await machine.run([...start, '--output', output], { directory, through: toFullDisk() })
    expect(stderr).toContain('agola: standard output cannot be written: stopping\n')
    const told = output === 'text' ? 'agola: ' : '{"error":{"code":"outputFailed","message":"'
    expect(stderr).toContain(`\n${told}standard output cannot be written: the disk is full: free some space`)
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(6)
    const { runs } = JSON.parse((await machine.run(['directrun', 'list', '--output', 'json'], { directory })).stdout)
    expect(runs.map(({ result }: { result: string }) => result)).toEqual(['stopped'])
  })

  it('is told at the end by what prints only then', async () => {
    const files = oneRun({ build: { steps: ['echo done'] } })
    const { code, stderr } = await machine.run([...start, '--output', 'json'], {
      directory: await machine.repository(files),
      through: toFullDisk(),
    })
    expect(stderr).toContain('"code":"outputFailed"')
    expect(stderr).not.toContain('agola: ')
    expect(code).toBe(6)
  })

  it('has the same exit code when that cannot be told either', async () => {
    const { code } = await machine.run(start, { directory, through: toFullDisk('>/dev/full 2>/dev/full') })
    expect(code).toBe(6)
    const wrong = await machine.run(['directrun', 'inspect', 'x'], { directory, through: toFullDisk('2>/dev/full') })
    expect(wrong.code).toBe(2)
  })

  it('is told where a part of the last words has found room', async (context) => {
    if (process.getuid?.() !== 0) context.skip('needs root to mount a small disk')
    const small = join(machine.directory, 'small')
    await mkdir(small)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', small])
    try {
      const { code, stderr } = await machine.run(['config', 'schema'], { through: toFullDisk('>small/schema.json') })
      expect(stderr).toContain('the disk is full')
      expect(code).toBe(6)
    } finally {
      await run('umount', [small])
    }
  })

  it.each([
    ['directrun', 'list'],
    ['directrun', 'list', '--watch'],
    ['directrun', 'logs'],
    ['directrun', 'inspect', '--output', 'json'],
    [...start, '--list'],
    ['config', 'validate'],
    ['config', 'render'],
    ['doctor'],
    ['cache', 'list'],
    ['completion', 'bash'],
    ['directrun', '--help'],
    ['--help'],
    ['--version'],
  ])('is told by every command: %s %s %s', async (...args) => {
    const files = oneRun({ build: { steps: ['echo done'] } })
    const there = await machine.repository(files)
    if (args[0] === 'directrun') await machine.run(start, { directory: there })
    const { code, stderr } = await machine.run(args, { directory: there, through: toFullDisk() })
    expect(stderr).toMatch(/standard output cannot be written: the disk is full: free some space/)
    expect(stderr.match(/cannot be written/g)).toHaveLength(1)
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(6)
  })
})
