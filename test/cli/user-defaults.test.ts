import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Parser } from '@oclif/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { completeFlags, environmentSource, ofCommandLine } from '../../src/cli/flag-variables.ts'
import { userDefaults } from '../../src/cli/user-defaults.ts'
import DirectRunStart from '../../src/commands/directrun/start.ts'

let base = ''
let file = ''
let environment: Record<string, string> = {}
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'agola-defaults-'))
  environment = { HOME: base, XDG_CONFIG_HOME: join(base, 'config') }
  mkdirSync(join(base, 'config/agola'), { recursive: true })
  file = join(base, 'config/agola/directrun.yml')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

async function flagsOf(text: string | null, words: string[] = [], more: Record<string, string> = {}) {
  if (text !== null) writeFileSync(file, text)
  const { flags, args } = ofCommandLine(DirectRunStart)
  const parsed = await Parser.parse(words, { flags, args, strict: true })
  const sources = [
    environmentSource(more),
    await userDefaults(base, { ...environment, ...more }, () => DirectRunStart.flags),
  ]
  return await completeFlags(DirectRunStart.flags, parsed, sources)
}

test('a flag counts more than its variable, that more than the file, and the file more than the default', async () => {
  const text = 'driver: host\ngrace: 1m\nkeep: failed\nscreen: off\nmax-tasks: 3\n'
  expect(await flagsOf(text, ['--driver', 'docker'], { AGOLA_DIRECTRUN_GRACE: '2m' })).toMatchObject({
    ...{ driver: 'docker', grace: '2m', keep: 'failed', screen: false, 'max-tasks': 3, pull: 'missing' },
  })
})

test.each(['', '# nothing yet\n'])('a file that holds nothing changes nothing: %j', async (text) => {
  expect(await flagsOf(text)).toEqual(await flagsOf(null))
})

test('lists are lists or one item, and numbers keep their spelling', async () => {
  const flags = await flagsOf('task: build\nvar: [A=1, VERSION]\nreport: [1.10]\n')
  expect(flags).toMatchObject({ task: ['build'], var: ['A=1', 'VERSION'], report: ['1.10'] })
})

test('a value is left out where another flag excludes it, or is missing for it', async () => {
  const flags = await flagsOf('branch: main\nonly: true\n', ['--tag', 'v1'])
  expect(flags).not.toHaveProperty('branch')
  expect(flags).not.toHaveProperty('only')
})

test.each([
  ['grace: 1m\ndirver: host\n', /:2:1 dirver is no flag of directrun start; did you mean driver\?$/],
  ['list: maybe\n', /:1:1 list must be true or false$/],
  ['driver: hots\n', /:1:1 driver "hots" is unknown; write auto, docker, host$/],
  ['driver: [host]\n', /:1:1 driver must be one of auto, docker, host$/],
  ['max-tasks: 0\n', /:1:1 max-tasks 0 must be an integer of at least 1/],
  ['timeout: soon\n', /:1:1 timeout "soon" is not a duration; write it as/],
  ['task: [a, {b: c}]\n', /:1:1 task must be a list of texts$/],
  ['var: {A: 1}\n', /:1:1 var must be a list of texts$/],
  ['quiet: true\nquiet: false\n', /:2:1 is no YAML: .*unique/],
  ['driver: [host\n', /:2:1 is no YAML: .*Mend it, or move the file away$/],
  ['- driver\n', /:1:1 must hold flags and their values, such as "driver: host"$/],
  ['branch: a\ntag: b\n', /:1:1 branch and .*:2:1 tag cannot be used together$/],
])('tells where %j is wrong, and the way out', async (text, message) => {
  await expect(flagsOf(text)).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`^${file.replaceAll('.', '\\.')}.*${message.source}`)),
    kind: 'badrequest',
  })
})

test('a file that cannot be read is an error', async () => {
  mkdirSync(file)
  await expect(flagsOf(null)).rejects.toMatchObject({ code: 'flagInvalid', message: expect.stringContaining(file) })
})
