import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/engine/config/load.ts'
import { renderConfig } from '../../../src/engine/config/render-config.ts'
import { configSchema } from '../../../src/engine/config/schema.ts'
import { readYaml } from '../../../src/engine/config/yaml.ts'
import { JsonnetPool } from '../../../src/jsonnet/pool.ts'
import { configs } from './a-config.ts'
import { aTree, branchContext } from './a-tree.ts'
import { parseText, stepsWith, taskWith } from './read-text.ts'
import { isValid } from './validate-schema.ts'

const schema = configSchema()
const pool = new JsonnetPool()
afterAll(() => pool.close())

async function documentOf(text: string): Promise<unknown> {
  return (await readYaml('f', text)).source?.value
}

test('the schema is plain data with a name', () => {
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
})

test('the examples of the format are valid', async () => {
  const yaml = readFileSync(new URL('examples/every-field.yml', import.meta.url), 'utf8')
  expect(isValid(await documentOf(yaml), schema)).toBe(true)
  const jsonnet = readFileSync(new URL('examples/matrix.jsonnet', import.meta.url), 'utf8')
  const { value } = await loadConfig(aTree({ '.agola/config.jsonnet': jsonnet }), {
    context: branchContext,
    jsonnet: () => pool,
  })
  expect(isValid(value, schema)).toBe(true)
})

const templates = new URL('../../../templates/', import.meta.url)
test.each(readdirSync(templates))('the template %s is valid, for a branch and for a tag', async (name) => {
  const [file = ''] = readdirSync(new URL(`${name}/.agola/`, templates))
  const tree = aTree({ [`.agola/${file}`]: readFileSync(new URL(`${name}/.agola/${file}`, templates), 'utf8') })
  const tag = { ...branchContext, refType: 'tag' as const, ref: 'refs/tags/v1', branch: '', tag: 'v1' }
  for (const context of [branchContext, tag]) {
    const loaded = await loadConfig(tree, { context, jsonnet: () => pool, strict: true })
    expect(loaded.problems).toEqual([])
    expect(loaded.config).not.toBeNull()
    expect(isValid(loaded.value, schema)).toBe(true)
  }
  expect(readFileSync(new URL(`${name}/README.md`, templates), 'utf8')).toMatch(new RegExp(`^# ${name}\n`))
})

test('every config that can be written is valid', () => {
  fc.assert(
    fc.property(configs, (config) => {
      expect(isValid(renderConfig(config), schema)).toBe(true)
    }),
    { numRuns: 30 },
  )
})

const valid = [
  '$schema: x\nruns: [{ name: a }]',
  'runs: [{ name: 1, tasks: , when: , docker_registries_auth: , task_timeout_interval: }]',
  stepsWith(
    '- clone:\n- clone: {}\n- run: make\n- run: { command: make, tty: false }\n- type: clone\n- { save_to_workspace: }\n- restore_workspace:',
  ),
  taskWith('task_timeout_interval: 1h30m\nworking_dir: 5\nuser: 1000'),
  taskWith("when: { branch: [a, '/b/'], tag: , ref: { include: a } }"),
]
test.each(valid)('both the schema and the reader take %j', async (text) => {
  expect(isValid(await documentOf(text), schema)).toBe(true)
  expect((await parseText(text)).config).not.toBeNull()
})

const invalid = [
  'null',
  'runs: []',
  'runs: [null]',
  'runs: [{ tasks: [] }]',
  "runs: [{ name: '' }]",
  'runs: [{ name: a, tasks: [{ name: t }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { containers: [] } }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { containers: [{}] } }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { type: vm, containers: [{ image: b }] } }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { arch: x, containers: [{ image: b }] } }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { containers: [{ image: b, volumes: [{ path: /a }] }] } }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { containers: [{ image: b, volumes: [{ path: a, tmpfs: {} }] }] } }] }]',
  'runs: [{ name: a, tasks: [{ name: t, runtime: { containers: [{ image: b, volumes: [{ path: /a, tmpfs: { size: 1Zi } }] }] } }] }]',
  stepsWith('- clone'),
  stepsWith('- run:'),
  stepsWith("- run: ''"),
  stepsWith('- run: { command: 1 }'),
  stepsWith('- { run: a, name: b }'),
  stepsWith('- clone: { depth: 0 }'),
  stepsWith('- save_cache: {}'),
  stepsWith('- restore_cache: { keys: [] }'),
  stepsWith('- checkout:'),
  taskWith('environment: { A: 1 }'),
  taskWith('environment: { A: { from_variable: } }'),
  taskWith('depends: [{ a: on_success }]'),
  taskWith('depends: [{ a: [always] }]'),
  taskWith('when: { branch: 5 }'),
  taskWith('task_timeout_interval: 1d'),
  taskWith('task_timeout_interval: -1s'),
  taskWith('docker_registries_auth: { r: { type: x } }'),
  taskWith('docker_registries_auth: { r: }'),
]
test.each(invalid)('both the schema and the reader refuse %j', async (text) => {
  expect(isValid(await documentOf(text), schema)).toBe(false)
  expect((await parseText(text)).config).toBeNull()
})

test('unknown keys are marked by the schema, as with strict reading', async () => {
  const text = taskWith('foo: 1')
  expect(isValid(await documentOf(text), schema)).toBe(false)
  expect((await parseText(text, { strict: true })).config).toBeNull()
})
