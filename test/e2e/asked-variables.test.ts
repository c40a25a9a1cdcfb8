import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host', '--no-screen']
const wanting = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { from_variable: name }]))
const files = oneRun({
  build: { environment: wanting('TOKEN', 'REGION'), steps: ['echo "<$TOKEN$REGION>"'] },
  deploy: { environment: wanting('TOKEN', 'KEY'), steps: ['echo "<$TOKEN$KEY>"'], depends: ['build'] },
})

describe('variables that nobody gave', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  it('are asked for once each on a terminal, and masked', async () => {
    const directory = await machine.repository(files)
    const program = machine.startOnTerminal([...start, '--task', 'build'], { directory, columns: 120 })
    await program.shows('value of TOKEN (not shown, Enter for none; for task "build" of run "ci"): ')
    program.type('open-sesame\r')
    await program.shows('value of REGION (not shown')
    program.type('\r')
    expect(await program.ended).toBe(0)
    expect(program.text).toContain('<***>')
    expect(program.text).not.toContain('open-sesame')
    expect(program.text).not.toContain('value of KEY')
  })

  it('stay empty, with a warning, when nobody answers', async () => {
    const directory = await machine.repository(files)
    const program = machine.startOnTerminal(start, { directory, columns: 120 })
    await program.shows('value of TOKEN')
    program.type('\x04')
    expect(await program.ended).toBe(0)
    expect(program.text).toContain('task "build" of run "ci", task "deploy" of run "ci" want it')
    expect(program.text).toContain('task "build" of run "ci" wants it')
  })

  it('are not asked for after Ctrl-C', async () => {
    const directory = await machine.repository(files)
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('value of TOKEN')
    program.type('\x03')
    expect(await program.ended).toBe(130)
  })

  it.each([
    [['--quiet'], {}],
    [['--list'], {}],
    [['--output', 'json'], {}],
    [[], { redirections: '< /dev/null' }],
    [[], { redirections: '2> errors' }],
  ])('are not asked for with %j and %j', async (flags, options) => {
    const directory = await machine.repository(files)
    const program = machine.startOnTerminal([...start, ...flags], { directory, ...options })
    expect(await program.ended).toBe(0)
    expect(program.text).not.toContain('value of')
  })

  it('are asked for once in all rounds of a watch', async () => {
    const directory = await machine.repository(oneRun({ build: { environment: wanting('TOKEN'), steps: ['true'] } }))
    const program = machine.startOnTerminal([...start, '--watch'], { directory })
    await program.shows('value of TOKEN')
    program.type('open-sesame\r')
    await program.shows('r runs now, q quits')
    const before = program.text.length
    program.type('r')
    await program.shows('r runs now, q quits', before)
    expect(program.text.slice(before)).toContain('success')
    expect(program.text.slice(before)).not.toContain('value of TOKEN')
    program.type('q')
    expect(await program.ended).toBe(0)
  })
})
