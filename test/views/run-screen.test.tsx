import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { startRunScreen } from '../../src/views/run-screen.tsx'
import { output, runCreated, step, stepStarted, taskPaused, taskStarted } from './progress-events.ts'

/** A terminal that remembers what was written to it and lets tests wait for it. */
class FakeTerminal extends Writable {
  readonly isTTY = true
  columns = 70
  rows = 12
  isRaw = false
  written = ''
  readonly #waiting: { text: string; from: number; resolve: () => void }[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString()
    for (const wait of [...this.#waiting]) {
      if (!this.written.includes(wait.text, wait.from)) continue
      this.#waiting.splice(this.#waiting.indexOf(wait), 1)
      wait.resolve()
    }
    done()
  }

  /** Resolves when `text` has been written after this call, or was before when `from` says so. */
  shows(text: string, from = 0): Promise<void> {
    if (this.written.includes(text, from)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ text, from, resolve }))
  }
}

class FakeKeyboard extends PassThrough {
  readonly isTTY = true
  raw = false
  setRawMode(raw: boolean): this {
    this.raw = raw
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

function start() {
  const [terminal, keyboard] = [new FakeTerminal(), new FakeKeyboard()]
  const calls: string[] = []
  const screen = startRunScreen({
    stdout: terminal as unknown as NodeJS.WriteStream,
    stdin: keyboard as unknown as NodeJS.ReadStream,
    color: false,
    now: () => 10_000,
    callbacks: {
      onInterrupt: () => calls.push('interrupt'),
      onDescribe: () => screen.activity(['run 1 checks: running', '  build: step 0 (compile)']),
      pauses: {
        decide: async (decision, run, task) => {
          calls.push(`${decision} ${task} of ${run}`)
          return '1 file changed'
        },
        shell: async (run, task) => {
          terminal.write('SHELL')
          calls.push(`shell in ${task} of ${run}, raw ${keyboard.raw}`)
        },
      },
      onStop: async (run) => {
        calls.push(`stop ${run}`)
        throw new Error('it has stopped already')
      },
    },
  })
  return { terminal, keyboard, screen, calls }
}

const compile = step('compile')
const enterAlternate = '\x1b[?1049h'
const leaveAlternate = '\x1b[?1049l'

test('draws tasks and log on a screen of its own, follows what is printed and gives the terminal back', async () => {
  const { terminal, keyboard, screen } = start()
  screen.event(runCreated({ build: ['compile'], test: [] }))
  screen.event(taskStarted('build'))
  screen.event(stepStarted('build', compile))
  screen.event(output('build', compile, 'hello from the step\n'))
  await terminal.shows('hello from the step')
  expect(terminal.written).toContain('run 1 checks')
  expect(terminal.written).toContain('build compile')
  const from = terminal.written.length
  screen.event(output('build', compile, 'a second line\n'))
  await terminal.shows('a second line', from)
  expect(keyboard.raw).toBe(true)
  await screen.finish()
  await screen.finish()
  expect(keyboard.raw).toBe(false)
  expect(terminal.written.startsWith(enterAlternate)).toBe(true)
  expect(terminal.written.lastIndexOf(leaveAlternate)).toBeGreaterThan(terminal.written.lastIndexOf('a second line'))
  expect(terminal.written.endsWith('\x1b[?25h')).toBe(true)
})

test('keys reach the callbacks, and what they reject with is shown', async () => {
  const { terminal, keyboard, screen, calls } = start()
  screen.event(runCreated({ build: [] }))
  await terminal.shows('run 1 checks')
  keyboard.write('s')
  await terminal.shows('stop this run? y/n')
  keyboard.write('y')
  await terminal.shows('it has stopped already')
  keyboard.write('\x03')
  keyboard.write('?')
  await terminal.shows('choose a task')
  expect(calls).toEqual(['stop 1', 'interrupt'])
  expect(terminal.written).not.toContain('and quit')
  await screen.finish()
})

test('Ctrl-\\ says what goes on until a key', async () => {
  const { terminal, keyboard, screen } = start()
  screen.event(runCreated({ build: [] }))
  await terminal.shows('? help')
  // As quick fingers have it, both in one piece.
  keyboard.write('f\x1c')
  await terminal.shows('build: step 0 (compile)')
  await terminal.shows('Any key closes this.')
  const from = terminal.written.length
  keyboard.write('k')
  await terminal.shows('? help', from)
  await screen.finish()
})

test('draws anew after a resize', async () => {
  const { terminal, screen } = start()
  screen.event(runCreated({ build: ['compile'] }))
  screen.event(taskStarted('build'))
  screen.event(stepStarted('build', compile))
  screen.event(output('build', compile, `${'x'.repeat(60)}END\n`))
  await terminal.shows('xxx…')
  terminal.columns = 140
  terminal.emit('resize')
  await terminal.shows('xxxEND')
  const wide = terminal.written.length
  terminal.columns = 20
  terminal.emit('resize')
  await terminal.shows('xxx…', wide)
  expect(terminal.written.indexOf('\x1b[2J\x1b[H', wide)).toBeLessThan(terminal.written.indexOf('run 1 checks', wide))
  expect(terminal.written.slice(0, wide)).not.toContain('\x1b[2J\x1b[H')
  await screen.finish()
})

test('a shell of a paused step has the terminal for itself, and what a decision did is shown', async () => {
  const { terminal, keyboard, screen, calls } = start()
  for (const event of [runCreated({ build: ['compile'] }), taskStarted('build'), stepStarted('build', compile)])
    screen.event(event)
  screen.event(taskPaused('build', compile))
  await terminal.shows('t try again')
  expect(terminal.written).toContain('\x07')
  keyboard.write('x')
  await terminal.shows('SHELL')
  const shell = terminal.written.indexOf('SHELL')
  expect(terminal.written.slice(0, shell)).toContain(leaveAlternate)
  await terminal.shows(enterAlternate, shell)
  await terminal.shows('t try again', shell)
  keyboard.write('t')
  await terminal.shows('1 file changed')
  expect(calls).toEqual(['shell in build of 1, raw false', 'retry build of 1'])
  await screen.finish()
})
