import { execFile } from 'node:child_process'
import * as Flags from '@oclif/core/flags'
import { describe, expect, it } from 'vitest'
import { commandNamedBy, normalizeBooleans } from '../../src/cli/command-line.ts'
import { wantsJsonErrors } from '../../src/cli/wants-json-errors.ts'
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
  const flags = {
    ignored: Flags.boolean({ allowNo: true }),
    only: Flags.boolean({ allowNo: true }),
    local: Flags.boolean(),
    'no-git': Flags.boolean(),
    branch: Flags.string(),
  }
  const normalized = (...words: string[]) => normalizeBooleans(words, flags)

  it('become flags without one', () => {
    expect(normalized('--ignored=true', '--only=false')).toEqual(['--ignored', '--no-only'])
  })

  it('stay as they are where a command has no flags', async () => {
    const version = await commands.version?.()
    expect(normalizeBooleans(['--x=true', 'word'], version?.default.flags)).toEqual(['--x=true', 'word'])
  })

  it('are left out where they have no opposite', () => {
    expect(normalized('--local=false', '--no-git=false', '--no-git=true')).toEqual(['--no-git'])
  })

  it('stay as they are where the flag takes a text or is unknown, and after two dashes', () => {
    const words = ['--branch=true', '--other=false', '--', '--ignored=true']
    expect(normalized(...words)).toEqual(words)
  })
})

describe('Errors as JSON', () => {
  const start = ['directrun', 'start']
  it.each([
    [[...start, '--output', 'json'], {}],
    [[...start, '--output=ndjson'], {}],
    [['agola', '--json'], {}],
    [start, { AGOLA_DIRECTRUN_OUTPUT: 'ndjson' }],
    [start, { AGOLA_OUTPUT: 'json' }],
    [['directrun', 'restart'], { AGOLA_OUTPUT: 'json' }],
  ])('are wanted by %j with %j', (argv, environment) => {
    expect(wantsJsonErrors(argv, environment)).toBe(true)
  })

  it.each([
    [start, {}],
    [[...start, '--output', 'text'], { AGOLA_OUTPUT: 'json' }],
    [start, { AGOLA_OUTPUT: 'json', AGOLA_DIRECTRUN_OUTPUT: 'text' }],
    [['directrun', 'list'], { AGOLA_OUTPUT: 'json', AGOLA_DIRECTRUN_OUTPUT: 'json' }],
    [['directrun', 'shell', '--', 'x', '--json'], {}],
  ])('are not by %j with %j', (argv, environment) => {
    expect(wantsJsonErrors(argv, environment)).toBe(false)
  })
})
