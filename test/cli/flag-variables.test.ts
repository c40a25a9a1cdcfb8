import { Parser } from '@oclif/core'
import { describe, expect, it } from 'vitest'
import {
  completeFlags,
  env,
  environmentSource,
  type FlagDefinition,
  ofCommandLine,
} from '../../src/cli/flag-variables.ts'
import DirectRunRestart from '../../src/commands/directrun/restart.ts'
import DirectRunStart from '../../src/commands/directrun/start.ts'

const definitions: Record<string, FlagDefinition> = DirectRunStart.flags

async function flagsOf(words: string[], environment: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const { flags, args } = ofCommandLine(DirectRunStart)
  const parsed = await Parser.parse(words, { flags, args, strict: true })
  return await completeFlags(DirectRunStart.flags, parsed, [environmentSource(environment)])
}

/** A value of a flag that is not its default, as the command line and as a variable have it. */
function example(name: string, { type, options, multiple }: FlagDefinition): { words: string[]; text: string } {
  if (type === 'boolean') {
    const isOn = name === 'untracked' || name === 'screen'
    return { words: [isOn ? `--no-${name}` : `--${name}`], text: isOn ? '0' : '1' }
  }
  const value = options?.at(-1) ?? (name === 'max-tasks' ? '7' : '7m')
  if (multiple !== true) return { words: [`--${name}`, value], text: value }
  return { words: [`--${name}`, 'one', `--${name}`, 'two'], text: 'one\ntwo' }
}

describe('A variable', () => {
  // A flag that is added later has its variable too.
  it.each(Object.entries(definitions))('does what --%s does', async (name, definition) => {
    expect(definition.env?.split(', ')[0]).toBe(env(name))
    const { words, text } = example(name, definition)
    const others = definition.dependsOn?.flatMap((other) => [`--${other}`, 'x']) ?? []
    const given = await flagsOf([...others, ...words])
    expect(await flagsOf(others, { [env(name)]: text })).toEqual(given)
    expect(given).not.toEqual(await flagsOf(others))
  })

  it('sets the flags of a restart that a start has, too', () => {
    const restart: Record<string, FlagDefinition> = DirectRunRestart.flags
    for (const name of Object.keys(restart).filter((each) => each in definitions))
      expect(restart[name]?.env, name).toBe(definitions[name]?.env)
  })

  it('counts less than the flag', async () => {
    const environment = { AGOLA_DIRECTRUN_DRIVER: 'host', AGOLA_DIRECTRUN_TASK: 'a,b', AGOLA_DIRECTRUN_LIST: '1' }
    const flags = await flagsOf(['--driver', 'docker', '--task', 'c', '--no-list'], environment)
    expect(flags).toMatchObject({ driver: 'docker', task: ['c'], list: false })
  })

  it('that is empty is none', async () => {
    expect(await flagsOf([], { AGOLA_DIRECTRUN_DRIVER: '', AGOLA_DIRECTRUN_LIST: '' })).toEqual(await flagsOf([]))
  })

  it.each([
    ['true', true],
    ['Yes', true],
    ['on', true],
    ['false', false],
    ['NO', false],
    ['off', false],
  ])('of a boolean may be %s', async (text, value) => {
    expect(await flagsOf([], { AGOLA_DIRECTRUN_SCREEN: text })).toMatchObject({ screen: value })
  })

  it.each([
    ['AGOLA_DIRECTRUN_LIST', 'maybe', /AGOLA_DIRECTRUN_LIST "maybe" .* 1, true, yes or on/],
    ['AGOLA_DIRECTRUN_DRIVER', 'hots', /AGOLA_DIRECTRUN_DRIVER "hots" .* auto, docker, host/],
    ['AGOLA_DIRECTRUN_MAX_TASKS', '0', /AGOLA_DIRECTRUN_MAX_TASKS 0 must be an integer of at least 1/],
    ['AGOLA_DIRECTRUN_TIMEOUT', 'soon', /AGOLA_DIRECTRUN_TIMEOUT "soon" .*1h30m/],
    ['AGOLA_OUTPUT', 'xml', /AGOLA_OUTPUT "xml" .* text, json, ndjson/],
  ])('%s that is %s is an error', async (name, text, message) => {
    await expect(flagsOf([], { [name]: text })).rejects.toMatchObject({
      code: 'flagInvalid',
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['AGOLA_DIRECTRUN_TASK', 'build, unit tests,', { task: ['build', 'unit tests'] }],
    ['AGOLA_DIRECTRUN_TASK', 'build, fast\nlint\n', { task: ['build, fast', 'lint'] }],
    ['AGOLA_DIRECTRUN_VAR', 'A=1,2\nB', { var: ['A=1,2', 'B'] }],
    ['AGOLA_DIRECTRUN_SECRET', 'TOKEN=a,b', { secret: ['TOKEN=a,b'] }],
    [
      'AGOLA_DIRECTRUN_PULL_REQUEST_REF_REGEXES',
      'refs/x/(\\d{1,9})',
      { 'pull-request-ref-regexes': ['refs/x/(\\d{1,9})'] },
    ],
  ])('%s holds a list: %j', async (name, text, expected) => {
    expect(await flagsOf([], { [name]: text })).toMatchObject(expected)
  })

  it('of its own name counts more than the one of all commands', async () => {
    expect(await flagsOf([], { AGOLA_OUTPUT: 'json' })).toMatchObject({ output: 'json' })
    const environment = { AGOLA_OUTPUT: 'json', AGOLA_DIRECTRUN_OUTPUT: 'ndjson' }
    expect(await flagsOf([], environment)).toMatchObject({ output: 'ndjson' })
  })

  it('is left out where the command line excludes it, or does not need it', async () => {
    const environment = { AGOLA_DIRECTRUN_BRANCH: 'main', AGOLA_DIRECTRUN_ONLY: '1' }
    const flags = await flagsOf(['--tag', 'v1'], environment)
    expect(flags).toMatchObject({ tag: 'v1' })
    expect(flags).not.toHaveProperty('branch')
    expect(flags).not.toHaveProperty('only')
    expect(await flagsOf(['--task', 'a'], environment)).toMatchObject({ task: ['a'], only: true, branch: 'main' })
  })

  it('and another that exclude each other are an error', async () => {
    await expect(flagsOf([], { AGOLA_DIRECTRUN_BRANCH: 'a', AGOLA_DIRECTRUN_TAG: 'b' })).rejects.toMatchObject({
      code: 'flagConflict',
      message: 'AGOLA_DIRECTRUN_BRANCH and AGOLA_DIRECTRUN_TAG cannot be used together',
    })
  })

  it('may be what a flag needs', async () => {
    expect(await flagsOf(['--only'], { AGOLA_DIRECTRUN_TASK: 'a' })).toMatchObject({ only: true, task: ['a'] })
    await expect(flagsOf(['--only'])).rejects.toMatchObject({ code: 'flagInvalid', message: '--only needs --task' })
  })
})
