import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

/** Goes on with the Node beside the program, as on one that is too old. Before it stand its own Node and file, behind it the program's. */
const olderNode = `
  const { dirname, join } = await import('node:path')
  const { pathToFileURL } = await import('node:url')
  process.argv.splice(1, 2)
  const { restart } = await import(pathToFileURL(join(dirname(process.argv[1]), 'older-node.js')))
  restart(24)`
const start = ['directrun', 'start', '--driver', 'host', '--no-screen', '--output', 'ndjson']
const wait = ['directrun', 'wait', '--timeout', '60s']

describe('a program that was started by an older Node', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  let directory: string
  let through: string[]
  beforeEach(async () => {
    machine = suite.machine
    await machine.write(machine.directory, { 'older.mjs': olderNode })
    through = [process.execPath, join(machine.directory, 'older.mjs')]
    const steps = ["trap 'echo trapped; exit 3' INT; echo begun; sleep 600 & wait"]
    directory = await machine.repository(oneRun({ trap: { steps } }))
  })

  it('stops its run when that Node is killed', async () => {
    const program = machine.start(start, { directory, through })
    await program.printed('begun')
    await program.kill()
    const waited = await machine.run(wait, { directory })
    expect(waited.code).toBe(4)
    expect((await machine.run(['directrun', 'logs'], { directory })).stdout).toContain('trapped')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('stops its run on a %s that only that Node gets', async (signal, code) => {
    const program = machine.start(start, { directory, through })
    await program.printed('begun')
    program.signal(signal)
    expect((await program.ended).code).toBe(code)
    expect(program.events.some(({ data }) => String(data).includes('trapped'))).toBe(true)
  })

  it('says on SIGQUIT what goes on, and goes on', async () => {
    const program = machine.start(start, { directory, through })
    await program.printed('begun')
    program.signal('SIGQUIT')
    await program.says('run 1 ')
    program.signal('SIGINT')
    expect((await program.ended).code).toBe(130)
  })

  it('counts one key once', async () => {
    // A shell between them and the terminal would be ended by the first key.
    const words = ['directrun', 'start', '--driver', 'host', '--no-screen']
    const program = machine.startOnTerminal(words, {
      directory,
      through: ['exec', ...through],
      environment: { SHELL: '/bin/bash' },
    })
    await program.shows('begun')
    program.type('\x1c')
    await program.shows('run 1 ')
    program.type('\x03')
    expect(await program.ended).toBe(130)
    expect(program.text.match(/agola: run 1 /g)).toHaveLength(1)
    expect(program.text).toContain('trapped')
    expect(program.text).not.toContain('killing')
  })

  it('hands nothing of that on to steps', async () => {
    const steps = ['echo variable=${AGOLA_PARENT_FD-none}', 'ls -l /proc/self/fd']
    const looking = await machine.repository(oneRun({ look: { steps } }))
    const { stdout, code } = await machine.run(start, { directory: looking, through })
    expect(code).toBe(0)
    expect(stdout).toContain('variable=none')
    expect(stdout).not.toContain('socket:')
  })
})
