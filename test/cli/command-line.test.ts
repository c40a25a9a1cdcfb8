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
