import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/engine/config/load.ts'
import { writeJson, writeYaml } from '../../../src/engine/config/write-document.ts'
import { readYaml } from '../../../src/engine/config/yaml.ts'
import { aTree, branchContext as context } from './a-tree.ts'

const words = [
  'yes',
  'on',
  'n',
  'y',
  'NO',
  'true',
  '~',
  'null',
  '',
  ' ',
  '1_000',
  '0b1',
  '0777',
  '0o7',
  '1e3',
  '.inf',
  '.nan',
  '.',
  '=',
]
const texts = [
  '12:30:45',
  '2001-12-14',
  '<<',
  '- a',
  'a: b',
  'a:',
  '#x',
  'a #x',
  '@x',
  '`x`',
  '%x',
  '*a',
  '&a',
  '!a',
  '|',
  '>',
  '?',
  '? a',
]
const blanks = [
  'a\n',
  '\n',
  '\na',
  ' a',
  'a ',
  'a\n\n',
  '  a\nb',
  '\ta',
  'a\tb',
  'a\r\nb',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u0000',
  '"',
  "'",
  '\\',
]
const text = fc.oneof(
  fc.constantFrom(...words, ...texts, ...blanks),
  fc
    .array(fc.constantFrom(...words, ...texts, ...blanks, 'a', 'long words '.repeat(9), ' ', '\n'), { maxLength: 6 })
    .map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme' }),
)
const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e300, 9007199254740991),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value

test('a document that is written as YAML reads as the same', async () => {
  await fc.assert(
    fc.asyncProperty(document, async (value) => {
      const { source, problems } = await readYaml('f', await writeYaml({ a: value }))
      expect(problems).toEqual([])
      expect(source?.value).toEqual({ a: value })
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
  )
})

test('what is rendered of a config is the same config, digits and all', async () => {
  const task = (user: string) =>
    `runs: [{name: r, task_timeout_interval: 9007199254740993000, tasks: [{name: t, user: ${user}, runtime: {containers: [{image: b}]}, environment: {A: 'yes', B: 'on', C: '1_000', D: '0b1', F: 'n'}, steps: [{run: 'y'}]}]}]`
  const load = (name: string, text: string) => loadConfig(aTree({ [`.agola/${name}`]: text }), { context })
  for (const user of ['12345678901234567890', '-12345678901234567890', '.inf', '1e300', '0777', '1.10', "'y'"]) {
    const written = await load('config.yml', task(user))
    expect(written.config).not.toBeNull()
    const rendered = await load('config.yml', await writeYaml(written.value))
    expect(rendered.config).toEqual(written.config)
    expect((await load('config.json', writeJson(written.value))).config).toEqual(written.config)
  }
  const { value } = await load('config.yml', 'a: 12345678901234567890\nb: .inf\nc: -.inf\nd: 0x1FFFFFFFFFFFFFFFFF')
  expect(writeJson(value)).toBe(
    '{\n  "a": 12345678901234567890,\n  "b": "Infinity",\n  "c": "-Infinity",\n  "d": 590295810358705700000\n}\n',
  )
  expect(await writeYaml(value)).toBe('a: 12345678901234567890\nb: Infinity\nc: -Infinity\nd: 590295810358705700000\n')
})

test('what several aliases stand for is written once', async () => {
  const loaded = await loadConfig(aTree({ '.agola/config.yml': 'a: &x [12345678901234567890]\nb: [*x, *x]' }), {
    context,
  })
  expect(await writeYaml(loaded.value)).toBe('a: &a1\n  - 12345678901234567890\nb:\n  - *a1\n  - *a1\n')
})
