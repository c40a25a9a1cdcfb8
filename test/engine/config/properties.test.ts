import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseConfig } from '../../../src/engine/config/parse-config.ts'
import { renderConfig } from '../../../src/engine/config/render-config.ts'
import { configs } from './a-config.ts'
import { parseText } from './read-text.ts'

/** Warnings are about what is doubtful in generated texts, such as a `when` that never holds. */
async function configOf(text: string, json: boolean) {
  const { config, problems } = await parseText(text, { json, strict: true })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  return config
}

test('a config that is written as JSON is read back', async () => {
  await fc.assert(
    fc.asyncProperty(configs, async (config) => {
      expect(await configOf(JSON.stringify(renderConfig(config)), true)).toEqual(config)
    }),
  )
})

test('a config that is written as YAML is read back', async () => {
  await fc.assert(
    fc.asyncProperty(configs, async (config) => {
      expect(await configOf(stringify(renderConfig(config), { version: '1.1' }), false)).toEqual(config)
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 50 },
  )
})

test('the order of keys makes no difference', async () => {
  await fc.assert(
    fc.asyncProperty(configs, async (config) => {
      const backwards = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(backwards)
        if (typeof value !== 'object' || value === null) return value
        return Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, item]) => [key, backwards(item)]),
        )
      }
      expect(await configOf(JSON.stringify(backwards(renderConfig(config))), true)).toEqual(config)
    }),
  )
})

const keys = [
  'runs',
  'name',
  'tasks',
  'runtime',
  'containers',
  'image',
  'steps',
  'type',
  'run',
  'clone',
  'command',
  'depends',
  'when',
  'branch',
  'include',
  'environment',
  'from_variable',
  'volumes',
  'tmpfs',
  'size',
  'path',
  'arch',
  'contents',
  'keys',
  'key',
  'task',
  'conditions',
  'docker_registries_auth',
  'task_timeout_interval',
  'Name',
  '__proto__',
  'x',
]
const garbage = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, 0, -1, 1.5, 1e300, '', 'a', 'run', '/(/', '1h', 'pod', 'on_failure'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value

/** Garbage that gets past the first rules: it stands where runs, tasks and steps belong. */
const placed = fc.oneof(
  garbage,
  garbage.map((value) => ({ runs: value })),
  fc.array(garbage, { maxLength: 3 }).map((tasks) => ({ runs: [{ name: 'a', tasks }] })),
  fc.array(garbage, { maxLength: 3 }).map((steps) => ({
    runs: [{ name: 'a', tasks: [{ name: 't', runtime: { containers: [{ image: 'b' }] }, steps, depends: steps }] }],
  })),
)

test('whatever a document holds, it gives a config or errors with places, and never throws', async () => {
  await fc.assert(
    fc.asyncProperty(placed, async (value) => {
      const { config, problems } = await parseText(JSON.stringify(value), { json: true })
      const errors = problems.filter(({ severity }) => severity === 'error')
      expect(config === null).toBe(errors.length > 0)
      for (const { line, column, message } of problems) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
        expect(message).not.toBe('')
      }
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 1000 },
  )
})

test('JSON and YAML agree on every document', async () => {
  await fc.assert(
    fc.asyncProperty(placed, async (value) => {
      const text = JSON.stringify(value)
      const [json, yaml] = [await parseText(text, { json: true }), await parseText(text)]
      expect(yaml.config).toEqual(json.config)
      const places = (problems: typeof json.problems) => problems.map(({ file: _, column: __, ...problem }) => problem)
      expect(places(yaml.problems)).toEqual(places(json.problems))
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 200 },
  )
})

test('any text is YAML or has problems, and never throws', async () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '-',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&x',
    '*x',
    '<<',
    '!',
    '|',
    '>',
    '"',
    "'",
    '#',
    '%',
    '?',
    '\t',
    '~',
    '0',
    '---',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (list) => {
      const { config, problems } = await parseText(list.join(''))
      expect(config === null).toBe(problems.some(({ severity }) => severity === 'error'))
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 1000 },
  )
})

test('a document without positions is checked too', async () => {
  const source = { file: 'f', value: { runs: [null] }, positionOf: () => null, writtenAt: () => null }
  expect((await parseConfig(source)).problems).toMatchObject([
    { code: 'run_empty', file: 'f', line: null, column: null, path: 'runs[0]' },
  ])
})
