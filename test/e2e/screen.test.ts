import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host']
const leaveAlternate = '\x1b[?1049l'
const fails = oneRun({
  build: { steps: [{ clone: null }, { type: 'run', name: 'unit', command: 'sh test.sh' }, 'echo went on'] },
})

describe('the screen of a direct run', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  it('repairs a paused step with its keys: a shell, then another try with what was edited', async () => {
    const directory = await machine.repository({ ...fails, 'test.sh': 'echo broken; exit 3\n' })
    const program = machine.startOnTerminal([...start, '--on-failure', 'pause'], { directory })
    await program.shows('t try again')
    program.type('x')
    await program.shows('leave it to say how to go on')
    program.type('echo in"side" $PWD; exit\r')
    await program.shows('inside ')
    const left = program.text.length
    await program.shows('t try again', left)
    await machine.write(directory, { 'test.sh': 'echo mended; sleep 1\n' })
    program.type('t')
    await program.shows('over from the work tree: 1 file changed', left)
    expect(await program.ended).toBe(0)
    const summary = program.text.slice(program.text.lastIndexOf(leaveAlternate))
    expect(summary).toContain('success')
  })

  it('writes no colours into a file of errors beside the terminal', async () => {
    const directory = await machine.repository({ ...fails, 'test.sh': 'exit 3\n' })
    for (const view of [[], ['--no-screen']]) {
      const program = machine.startOnTerminal([...start, ...view], { directory, redirections: '2>../errors.txt' })
      expect(await program.ended).toBe(1)
      const errors = await readFile(join(directory, '../errors.txt'), 'utf8')
      expect(errors).toContain('failed')
      // The library of the screen shows the cursor again by either stream.
      expect(errors.split('\x1b[?25h').join('')).not.toContain('\x1b')
    }
  })

  it('lets a paused step fail only after a yes', async () => {
    const directory = await machine.repository({ ...fails, 'test.sh': 'echo broken; exit 3\n' })
    const program = machine.startOnTerminal([...start, '--on-failure', 'pause'], { directory })
    await program.shows('t try again')
    program.type('c')
    await program.shows('let the failure stand? y/n')
    program.type('y')
    expect(await program.ended).toBe(1)
  })

  it('approves, helps, says what goes on and stops', async () => {
    const gate = join(machine.directory, 'go')
    const directory = await machine.repository(
      oneRun({ deploy: { steps: [`echo ready; until [ -e ${gate} ]; do sleep 0.1; done`], approval: true } }),
    )
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('approve?')
    program.type('a')
    await program.shows('ready')
    program.type('?')
    await program.shows('Any key closes this.')
    program.type(' ')
    program.type('\x1c')
    await program.shows('step 0 (')
    await program.shows('Ctrl-\\ asks again')
    program.type(' ')
    program.type('s')
    await program.shows('stop this run? y/n')
    program.type('y')
    expect(await program.ended).toBe(4)
  })

  it('quits a watch within a round', async () => {
    const directory = await machine.repository(oneRun({ a: { steps: ['echo ready; sleep 100'] } }))
    const program = machine.startOnTerminal([...start, '--watch'], { directory })
    await program.shows('ready')
    program.type('q')
    await program.shows('stop this run and quit? y/n')
    program.type('y')
    expect(await program.ended).toBe(4)
    expect(program.text).toContain('stopping: quit')
  })

  it('stops on Ctrl-C and gives the terminal back', async () => {
    const directory = await machine.repository(oneRun({ a: { steps: ['echo ready; sleep 100'] } }))
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('ready')
    program.type('\x03')
    expect(await program.ended).toBe(130)
    expect(program.text.slice(program.text.lastIndexOf(leaveAlternate))).toContain('stopped')
  })

  it('is not there on ten columns, where lines are', async () => {
    const directory = await machine.repository(oneRun({ a: { steps: ['echo ready; sleep 1'] } }))
    const program = machine.startOnTerminal(start, { directory, columns: 10 })
    expect(await program.ended).toBe(0)
    expect(program.text).not.toContain('\x1b[?1049h')
    expect(program.text).toContain('ready')
  })
})
