import { expect, test } from 'vitest'
import { loadConfig, requireConfig } from '../../../src/engine/config/load.ts'
import type { ConfigTree } from '../../../src/engine/config/loaded-config.ts'
import { aTree, branchContext as context } from './a-tree.ts'

const named = (name: string) => `{"runs": [{"name": "${name}"}]}`

async function load(
  files: Parameters<typeof aTree>[0],
  options: { file?: string; strict?: boolean; bytesMax?: number } = {},
) {
  return loadConfig(aTree(files), { context, ...options })
}

test('config.json comes before config.yml', async () => {
  const loaded = await load({
    '.agola/config.yml': named('yml'),
    '.agola/config.json': named('json'),
    '.agola/config.star': 'x',
  })
  expect(loaded).toMatchObject({
    file: '.agola/config.json',
    problems: [],
    moreProblems: 0,
    value: { runs: [{ name: 'json' }] },
  })
  expect(loaded.config?.runs[0]?.name).toBe('json')
  expect(loaded.texts).toEqual({ '.agola/config.json': named('json') })
})

test('config.yml is read', async () => {
  expect((await load({ '.agola/config.yml': 'runs: [{ name: a }]' })).config?.runs[0]?.name).toBe('a')
})

test.each([
  [
    {},
    'no config. Looked for: .agola/config.jsonnet, .agola/config.json, .agola/config.yml. "agola init" writes a first one',
  ],
  [
    { 'config.yml': 'x' },
    'no config. Looked for: .agola/config.jsonnet, .agola/config.json, .agola/config.yml. "agola init" writes a first one',
  ],
  [
    { '.agola/config.star': 'x' },
    '.agola/config.star is written in Starlark, which is not supported. Write one of: .agola/config.jsonnet, .agola/config.json, .agola/config.yml',
  ],
  [
    { '.agola/config.yaml': 'x' },
    '.agola/config.yaml is not read, only these are: .agola/config.jsonnet, .agola/config.json, .agola/config.yml. Rename it to .agola/config.yml',
  ],
  [
    { '.agola/lib.jsonnet': 'x', '.agola/a.yml': 'x' },
    'no config in .agola. Looked for: .agola/config.jsonnet, .agola/config.json, .agola/config.yml. Found: a.yml, lib.jsonnet',
  ],
])('without a config the message tells what is there: %j', async (files, message) => {
  const tried = ['.agola/config.jsonnet', '.agola/config.json', '.agola/config.yml']
  await expect(load(files)).rejects.toMatchObject({ code: 'configNotFound', message, details: { tried } })
})

test('a tree that cannot list its files is asked for the usual wrong names', async () => {
  const tree: ConfigTree = { readFile: async (path) => (path === '.agola/config.yaml' ? new Uint8Array() : null) }
  await expect(loadConfig(tree, { context })).rejects.toMatchObject({
    message: /^\.agola\/config\.yaml is not read.* Rename it to \.agola\/config\.yml$/,
  })
  await expect(loadConfig({ readFile: async () => null }, { context })).rejects.toMatchObject({
    message: /^no config\. Looked for/,
  })
})

test('an error of the tree is not taken for a missing file', async () => {
  const error = new Error('disk on fire')
  await expect(loadConfig({ readFile: () => Promise.reject(error) }, { context })).rejects.toBe(error)
})

test('a config may be a link inside the repository, not out of it', async () => {
  const loaded = await load({
    '.agola/config.yml': '-> ../ci/main.yml',
    'ci/main.yml': '-> real.yml',
    'ci/real.yml': named('linked'),
  })
  expect(loaded.config?.runs[0]?.name).toBe('linked')
  expect(loaded.file).toBe('.agola/config.yml')
  for (const [target, reason] of [
    ['../../etc/passwd', '../../etc/passwd leads out of the repository'],
    ['/etc/passwd', '.agola/config.yml is a link out of the repository'],
    ['config.yml', '.agola/config.yml leads through too many links'],
    ['..', '.. is no file'],
  ]) {
    await expect(load({ '.agola/config.yml': `-> ${target}` })).rejects.toMatchObject({
      code: 'configNotFound',
      message: `.agola/config.yml cannot be read: ${reason}`,
    })
  }
})

test('a directory on the way may be a link', async () => {
  expect((await load({ '.agola': '-> ci', 'ci/config.yml': named('a') })).config?.runs[0]?.name).toBe('a')
})

test.each([
  [{ '.agola/config.json': '-> ../gone.json' }, 'it leads to gone.json, which does not exist'],
  [{ '.agola/config.json': '-> lib', '.agola/lib/a': 'x' }, 'it leads to .agola/lib, which is a directory'],
  [{ '.agola/config.json/a': 'x' }, 'it is a directory'],
  [{ '.agola/config.json': null }, 'it is no regular file'],
])('what has the name of a config and cannot be read is told, and no other one taken: %j', async (files, reason) => {
  const message = `.agola/config.json cannot be read: ${reason}`
  await expect(load(files)).rejects.toMatchObject({ code: 'configNotFound', message })
  await expect(load({ ...files, '.agola/config.yml': named('yml') })).rejects.toMatchObject({ message })
  const loaded = await load({ ...files, '.agola/config.yml': named('yml') }, { file: '.agola/config.yml' })
  expect(loaded.config?.runs[0]?.name).toBe('yml')
  expect(loaded.problems).toMatchObject([
    { severity: 'warning', code: 'file_not_read', message: 'runs read .agola/config.json instead' },
  ])
})

test('a config may be named, whatever comes before it', async () => {
  const files = { '.agola/config.yml': named('yml'), '.agola/config.json': named('json') }
  for (const strict of [false, true]) {
    const loaded = await load(files, { file: '.agola/config.yml', strict })
    expect(loaded.file).toBe('.agola/config.yml')
    expect(loaded.config?.runs[0]?.name).toBe('yml')
    expect(loaded.problems.map(({ code }) => code)).toEqual(['file_not_read'])
  }
  expect((await load(files, { file: '.agola/config.json' })).problems).toEqual([])
  await expect(load(files, { file: '.agola/config.jsonnet' })).rejects.toMatchObject({
    code: 'configNotFound',
    message: '.agola/config.jsonnet does not exist',
  })
})

test('a file larger than 1 MiB is refused, one of exactly that size is not', async () => {
  const text = named('a')
  const big = (size: number) => text + ' '.repeat(size - text.length)
  expect((await load({ '.agola/config.json': big(1024 * 1024) })).problems).toEqual([])
  const loaded = await load({ '.agola/config.json': big(1024 * 1024 + 1) })
  expect(loaded).toMatchObject({ config: null, value: undefined, texts: {} })
  expect(loaded.problems).toMatchObject([
    {
      code: 'file_too_large',
      message: 'the config has 1048577 bytes; at most 1048576 are allowed',
      line: null,
      column: null,
      path: '',
    },
  ])
  expect((await load({ '.agola/config.yml': text }, { bytesMax: 10 })).problems).toMatchObject([
    { code: 'file_too_large' },
  ])
})

test('bytes that are no UTF-8 are refused, a byte order mark is skipped', async () => {
  expect((await load({ '.agola/config.yml': new Uint8Array([0x61, 0xff]) })).problems).toMatchObject([
    { code: 'file_bad_encoding' },
  ])
  expect((await load({ '.agola/config.json': `\ufeff${named('a')}` })).problems).toEqual([])
})

test('problems of reading and of checking come together in the order of the file', async () => {
  const { config, problems } = await load({ '.agola/config.yml': 'foo: 1\nruns: [{ name: a }]\n---\nx' })
  expect(config).not.toBeNull()
  expect(problems.map(({ code }) => code)).toEqual(['unknown_key', 'several_documents'])
  expect((await load({ '.agola/config.yml': 'foo: 1\nruns: [{ name: a }]' }, { strict: true })).config).toBeNull()
})

test('mistakes of syntax beyond a thousand are counted too', async () => {
  const { problems, moreProblems, moreErrors } = await load({ '.agola/config.yml': `runs:\n${'\t- x\n'.repeat(3000)}` })
  expect(problems).toHaveLength(1000)
  expect([moreProblems, moreErrors]).toEqual([2000, 2000])
})

test('a config that is required throws with all problems as text and as data', async () => {
  expect(await requireConfig(await load({ '.agola/config.yml': named('a') }))).toMatchObject({ runs: [{ name: 'a' }] })
  const loaded = await load({ '.agola/config.yml': 'runs: [null]' })
  await expect(requireConfig(loaded)).rejects.toMatchObject({
    code: 'configInvalid',
    details: { problems: loaded.problems },
    message: expect.stringContaining('.agola/config.yml:1:8: error: runs[0]: the run is empty [run_empty]'),
  })
})

test('a Jsonnet config without an evaluator is a mistake of the caller', async () => {
  await expect(load({ '.agola/config.jsonnet': '{}' })).rejects.toMatchObject({ code: 'assertionFailed' })
})
