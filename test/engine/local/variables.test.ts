import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectVariables, type VariableRequest } from '../../../src/engine/local/variables.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-variables-'))
})
afterEach(async () => await rm(root, { recursive: true }))

async function file(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(root, name)
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

async function collect(request: Partial<VariableRequest>) {
  const found = await collectVariables({
    variables: [],
    variableFiles: [],
    secrets: [],
    secretFiles: [],
    configDirectory: root,
    homeDirectory: '/home/ann',
    repository: { topDirectory: '/home/ann/src/shop', remoteUrl: 'https://git.example.com/ann/shop.git' },
    environment: {},
    askHidden: null,
    ...request,
  })
  return {
    values: Object.fromEntries(found.values),
    secretNames: [...found.secretNames].sort(),
    warnings: found.warnings,
  }
}

test('flags beat files, later files beat earlier ones, and all beat the user’s own', async () => {
  await file('variables.yml', '"**/shop":\n  A: user\n  B: user\n  C: user\n  D: user\n')
  const variableFiles = [
    await file('one.yml', 'B: one\nC: one\nD: one\n'),
    await file('two.json', '{"C": "two", "D": "two"}'),
  ]
  expect((await collect({ variableFiles, variables: ['D=flag'] })).values).toEqual({
    A: 'user',
    B: 'one',
    C: 'two',
    D: 'flag',
  })
})

test('the user’s own variables are chosen by path or by url', async () => {
  await file('variables.yml', '~/src/*: {A: 1}\nhttps://git.example.com/**: {B: 2}\n/home/*: {C: 3}\n"*": {D: 4}\n')
  expect((await collect({})).values).toEqual({ A: '1', B: '2' })
})

test('a value may be empty and may hold any character', async () => {
  expect((await collect({ variables: ['A=', 'B=x=y ', '  C=$HOME ${D}'] })).values).toEqual({
    A: '',
    B: 'x=y ',
    C: '$HOME ${D}',
  })
})

test('a name without a value is looked up, then asked for, then refused', async () => {
  const asked: string[] = []
  const askHidden = async (name: string) => {
    asked.push(name)
    return 'typed'
  }
  const request = { secrets: ['KNOWN', 'ASKED'], environment: { KNOWN: 'known' } }
  expect((await collect({ ...request, askHidden })).values).toEqual({ KNOWN: 'known', ASKED: 'typed' })
  expect(asked).toEqual(['ASKED'])
  await expect(collect(request)).rejects.toMatchObject({
    code: 'flagInvalid',
    message: expect.stringContaining('write --secret ASKED=VALUE'),
  })
  await expect(collect({ ...request, secrets: ['toString'] })).rejects.toMatchObject({ code: 'flagInvalid' })
})

test('a name that is a secret anywhere is a secret', async () => {
  const secretFiles = [await file('secrets.yml', 'TOKEN: from-file\n')]
  expect(await collect({ secretFiles, variables: ['TOKEN=from-flag', 'PLAIN=x'] })).toEqual({
    values: { TOKEN: 'from-flag', PLAIN: 'x' },
    secretNames: ['TOKEN'],
    warnings: [],
  })
})

test('numbers and booleans of a file keep their spelling', async () => {
  const path = await file('v.yml', 'A: 1.10\nB: yes\nC: 0x1F\nD: 12:30:45\nE: "quoted"\nF: |\n  two\n  lines\n')
  expect((await collect({ variableFiles: [path] })).values).toEqual({
    A: '1.10',
    B: 'yes',
    C: '0x1F',
    D: '12:30:45',
    E: 'quoted',
    F: 'two\nlines\n',
  })
})

test('dotenv files know comments, export and quotes, and expand nothing', async () => {
  const text = `# comment\n\nA=plain # note\nexport B="two\\nlines $A" # note\nC='as \\n is'\nD=\nE = spaced \n`
  const path = await file('prod.env', text)
  expect((await collect({ variableFiles: [path] })).values).toEqual({
    A: 'plain',
    B: 'two\nlines $A',
    C: 'as \\n is',
    D: '',
    E: 'spaced',
  })
})

test('bad files are told with their place', async () => {
  const bad: [string, string, RegExp][] = [
    ['a.yml', 'A: 1\nB: [1]\n', /a\.yml:2:1 must give B a text/],
    ['b.yml', 'A: 1\nA: 2\n', /b\.yml:2:1 is no YAML/],
    ['c.yml', '- A\n', /c\.yml must hold a map/],
    ['d.yml', 'A:\n', /d\.yml:1:1 must give A/],
    ['e.env', 'A=1\nnonsense\n', /e\.env:2 is not NAME=value/],
    ['f.env', 'A="open\n', /f\.env:1 has a quote/],
  ]
  for (const [name, text, message] of bad) {
    const path = await file(name, text)
    await expect(collect({ variableFiles: [path] })).rejects.toMatchObject({
      code: 'variableInvalid',
      message: expect.stringMatching(message),
    })
  }
  await expect(collect({ secretFiles: [join(root, 'missing')] })).rejects.toMatchObject({ message: /does not exist/ })
  await expect(collect({ variables: ['=x'] })).rejects.toMatchObject({
    code: 'flagInvalid',
    message: expect.stringMatching(/has no name/),
  })
})

test('a file of secrets that others can read gets a warning', async () => {
  const path = await file('s.yml', 'TOKEN: long-enough\n', 0o644)
  expect((await collect({ secretFiles: [path] })).warnings).toEqual([
    `${path} holds secrets and can be read by other users: chmod 600 ${path}`,
  ])
})

test('secrets that cannot be masked are told', async () => {
  const { warnings } = await collect({
    secrets: ['PIN=1234', 'FLAG=true', 'SHORT= ab ', 'GOOD=abcd', 'UMLAUTS=äöü', 'NUMBER=123456'],
  })
  expect(warnings).toEqual([
    'The secret FLAG is not masked in logs, because it is "true".',
    'The secret PIN is not masked in logs, because it is a number of fewer than 6 digits.',
    'The secret SHORT is not masked in logs, because it is shorter than 4 bytes.',
  ])
  expect((await collect({ secrets: ['EMPTY= '] })).warnings).toEqual([
    'The secret EMPTY is not masked in logs, because it is empty.',
  ])
})

test('a file whose value no environment can hold is refused with the place', async () => {
  const yaml = await file('v.yml', 'a: b\nc: "x\\0y"\n')
  await expect(collect({ variableFiles: [yaml] })).rejects.toMatchObject({
    code: 'variableInvalid',
    message: `${yaml}:2:1 gives c a NUL character, which no environment can hold.`,
  })
  const dotenv = await file('v.env', 'a=b\nc="x\0y"\n')
  await expect(collect({ secretFiles: [dotenv] })).rejects.toMatchObject({
    code: 'variableInvalid',
    message: `${dotenv}:2 gives c a NUL character, which no environment can hold.`,
  })
})
