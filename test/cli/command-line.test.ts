import { execFile } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { commandNamedBy, normalizeBooleans } from '../../src/cli/command-line.ts'
import { commands } from '../../src/commands.ts'

describe('The command that words name', () => {
  it.each([
    [['directrun', 'start', '--task', 'build'], 'directrun:start'],
    [['doctor'], 'doctor'],
    [['directrun', 'logs', '7', '--', '--help'], 'directrun:logs'],
  ])('of %j is %s', (words, id) => {
    expect(commandNamedBy(words, commands)).toBe(id)
  })

  it.each([
    [[]],
    [['directrun']],
    [['directrun', 'strat']],
    [['--debug', 'directrun', 'start']],
    [['directrun', 'start', '--help']],
    [['directrun', 'start', '-h']],
    [['toString']],
  ])('of %j has to be searched for', (words) => {
    expect(commandNamedBy(words, commands)).toBeNull()
  })

  it('is loaded from the file of its name', async () => {
    for (const [id, load] of Object.entries(commands)) {
      const { default: loaded } = await load()
      const file = new URL(`../../src/commands/${id.replaceAll(':', '/')}.ts`, import.meta.url).pathname
      const { default: expected } = await import(/* @vite-ignore */ file)
      expect(loaded, id).toBe(expected)
    }
  })
})

describe('A command', () => {
  // The clock's timers keep no process alive, and a process without anything to do ends with the code of success.
  it('that only waits is waited for', async () => {
    const program = `
      import { AgolaCommand } from './src/cli/agola-command.ts'
      import { runCommandLine } from './src/cli/command-line.ts'
      import { systemClock } from './src/engine/adapters/system.ts'
      class Waiting extends AgolaCommand {
        async run() {
          await systemClock.sleep(100)
          process.exitCode = 7
        }
      }
      await runCommandLine(['wait'], { root: process.cwd(), commands: { wait: async () => ({ default: Waiting }) } })`
    const child = execFile(process.execPath, ['--input-type=module', '--eval', program])
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(7)
  })
})

describe('Boolean flags with a value', () => {
  it('become flags without one', () => {
    expect(normalizeBooleans(['--ignored=true', '--untracked=false'])).toEqual(['--ignored', '--no-untracked'])
  })

  it('stay as they are where the flag takes a text, and after two dashes', () => {
    expect(normalizeBooleans(['--branch=true', '--', '--ignored=true'])).toEqual([
      '--branch=true',
      '--',
      '--ignored=true',
    ])
  })
})
