import { expect, test } from 'vitest'
import { configSchema } from '../../../src/engine/config/schema.ts'
import { parseText } from './read-text.ts'
import { isValid } from './validate-schema.ts'

type Values = readonly unknown[]
type Fields = Record<string, unknown>

const schema = configSchema()
const runtime = { containers: [{ image: 'b' }] }

// A field that is undefined is left out of the text.
const inConfig = (fields: Fields) => ({ runs: [{ name: 'r' }], ...fields })
const inRun = (fields: Fields) => inConfig({ runs: [{ name: 'r', ...fields }] })
const inTask = (fields: Fields) => inRun({ tasks: [{ name: 't', runtime, ...fields }] })
const inRuntime = (fields: Fields) => inTask({ runtime: { ...runtime, ...fields } })
const inContainer = (fields: Fields) => inRuntime({ containers: [{ image: 'b', ...fields }] })
const inVolume = (fields: Fields) => inContainer({ volumes: [{ path: '/a', tmpfs: {}, ...fields }] })
const withStep = (step: unknown) => inTask({ steps: [step] })
// One task has the name of a condition: what is taken for a name is no missing task then.
const withDepends = (depends: unknown) => {
  const others = ['a', 'task', 'on_success'].map((name) => ({ name, runtime }))
  return inRun({ tasks: [...others, { name: 't', runtime, depends }] })
}

const nothing = [undefined, null]
const otherTypes = [5, true, [], {}]
const texts = ['', 'x', 'a\0']
const scalars = [...nothing, ...texts, 1.5, false, [], {}]
const strings = [...nothing, ...texts, ...otherTypes]
const flags = [...nothing, true, false, 'yes', 1, []]
const names = [...scalars, 'n'.repeat(100), 'n'.repeat(101), 'é'.repeat(50)]
const durations = [
  ...[
    ...nothing,
    '',
    '0',
    '-0',
    '+0',
    '-0s',
    '-0.0h0m',
    '5m',
    '+5m',
    '1.5h',
    '.5s',
    '1.h',
    '.s',
    '5',
    '1d',
    '-5m',
    '1h 30m',
    ' 5m',
  ],
  ...['1µs', '1μs', '1us', '1h1h', '2562047h', 5, 0.5, -5, -0, 2 ** 63, 2 ** 64, 1e30, true, []],
]
const sizes = [
  ...[
    ...nothing,
    '',
    ' 1Gi ',
    '1Gi',
    '100M',
    '1k',
    '1K',
    '1GB',
    '512 Mi',
    '1Zi',
    '.5',
    '5.',
    '.',
    '+1',
    '-0',
    '-0Ki',
    '-0.0',
    '-1',
    '1e3',
  ],
  ...['1E3', '1e-3', '1e', '0.001Ei', 'x', 5, 1.5, 0, -0, -1, 2 ** 53 - 1, 2 ** 53, 1e30, true, []],
]
const values = [
  '',
  'x',
  'a\0',
  null,
  5,
  true,
  [],
  {},
  ...['v', '', 5, null].map((name) => ({ from_variable: name })),
  { from_variable: 'v', more: 1 },
]
const environments = [
  ...nothing,
  [],
  'x',
  ...values.map((value) => ({ A: value })),
  ...['', '=', 'A=', 'A\0', 'A B'].map((name) => ({ [name]: 'x' })),
]
const conditions = [
  null,
  '',
  'x',
  5,
  {},
  [],
  ['x'],
  [null],
  [5],
  { foo: 'x' },
  ...[null, 'x', ['x'], 5, {}].flatMap((value) => [{ include: value }, { exclude: value }]),
]
const whens = [
  ...nothing,
  {},
  'x',
  [],
  { foo: 'x' },
  ...['branch', 'tag', 'ref'].flatMap((key) => conditions.map((value) => ({ [key]: value }))),
]
const credentials = [
  ...[...nothing, {}, [], 'x', { h: null }, { h: {} }, { h: 'x' }, { h: { foo: 1 } }],
  ...[null, '', 'basic', 'encodedauth', 'x', 5].map((type) => ({ h: { type } })),
  ...['username', 'password', 'auth'].flatMap((key) => values.map((value) => ({ h: { [key]: value } }))),
]
const contents = [
  ...[...nothing, [], {}, 'x', [null], [{}], [{ foo: 1 }]],
  ...['source_dir', 'dest_dir'].flatMap((key) => strings.map((value) => [{ [key]: value }])),
  ...[...nothing, 'x', [], ['x'], [''], [null], [5], ['\0']].map((paths) => [{ paths }]),
]

/** The same fields as a step in its long and its short form. */
const bothForms = (type: string, fields: Fields[]) => fields.flatMap((step) => [{ type, ...step }, { [type]: step }])
const oneField = (key: string, values: Values, more: Fields = {}) => values.map((value) => ({ ...more, [key]: value }))
const steps = [
  ...[
    null,
    {},
    'run',
    'clone',
    5,
    [],
    { type: null },
    { type: 5 },
    { type: 'x' },
    { x: {} },
    { run: 'a', clone: null },
  ],
  ...['run', 'clone', 'save_to_workspace', 'restore_workspace', 'save_cache', 'restore_cache'].flatMap((type) => [
    ...[null, {}, [], '', 'x', 5, true].map((value) => ({ [type]: value })),
    ...[{ type }, { type, foo: 1 }, { [type]: { foo: 1 } }],
  ]),
  ...['a\nb', 'a\n', '\n', 'a\n\n', 'a\0'].map((command) => ({ run: command })),
  ...bothForms('run', [
    ...oneField('command', [...strings, 'a\nb', 'a\n', 'a\n\n', 'a\0']),
    ...oneField('name', strings, { command: 'a' }),
    ...oneField('name', strings, { command: 'a\nb' }),
    ...['working_dir', 'shell'].flatMap((key) => oneField(key, strings, { command: 'a' })),
    ...oneField('environment', environments, { command: 'a' }),
    ...oneField('tty', flags, { command: 'a' }),
    ...oneField('when', whens, { command: 'a' }),
  ]),
  ...bothForms('clone', [
    ...oneField('name', strings),
    ...oneField('depth', [...nothing, 0, 1, -1, 1.5, '1', 2 ** 53, true]),
    ...oneField('recurse_submodules', flags),
  ]),
  ...bothForms('save_to_workspace', oneField('contents', contents)),
  ...bothForms('restore_workspace', oneField('dest_dir', strings)),
  ...bothForms('save_cache', [...oneField('key', strings), ...oneField('contents', contents, { key: 'k' })]),
  ...bothForms('restore_cache', [
    ...oneField('keys', [...nothing, 'x', [], {}, ['x'], ['x', ''], [null], [5], ['\0']]),
    ...oneField('dest_dir', strings, { keys: ['k'] }),
  ]),
  ...[null, 'run', 'clone', 5].map((type) => ({ run: { type, command: 'a' } })),
]
const depends = [
  ...[...nothing, 'a', {}, [], ['a'], [''], [null], [5], [{}], [[]]],
  ...[null, [], 'on_success', ['on_success'], ['x'], [null], ['on_failure', 'on_failure']].flatMap((conditions) => [
    ...[[{ a: conditions }], [{ task: conditions }], [{ task: 'a', conditions }]],
  ]),
  ...['a', '', null, 5].flatMap((task) => [[{ task }], [{ task, conditions: ['on_failure'] }]]),
  ...[[{ '': [] }], [{ a: [], task: [] }], [{ conditions: ['on_success'], x: [] }], [{ task: 'a', x: 1 }]],
]
const paths = [
  '/a',
  'a',
  '',
  '/',
  '//',
  '/.',
  '/..',
  '/./',
  '/...',
  '/.a',
  '/a/',
  '~/a',
  '/a\0',
  null,
  undefined,
  5,
  true,
  [],
]

const documents: Record<string, unknown[]> = {
  config: [null, [], {}, 'x', inConfig({ foo: 1 })],
  $schema: strings.map((value) => inConfig({ $schema: value })),
  runs: [...nothing, [], {}, 'x', [null], ['x'], [{}]].map((runs) => inConfig({ runs })),
  'name of a run': names.map((name) => inRun({ name })),
  'name of a task': names.map((name) => inTask({ name })),
  tasks: [...nothing, [], {}, 'x', [null], ['x'], [{}]].map((tasks) => inRun({ tasks })),
  timeouts: durations.flatMap((value) => [inConfig, inRun, inTask].map((put) => put({ task_timeout_interval: value }))),
  credentials: credentials.flatMap((value) =>
    [inConfig, inRun, inTask].map((put) => put({ docker_registries_auth: value })),
  ),
  when: whens.flatMap((when) => [inRun({ when }), inTask({ when })]),
  'texts of a task': ['working_dir', 'shell', 'user'].flatMap((key) =>
    scalars.map((value) => inTask({ [key]: value })),
  ),
  'flags of a task': ['ignore_failure', 'approval'].flatMap((key) => flags.map((value) => inTask({ [key]: value }))),
  environment: environments.flatMap((environment) => [inTask({ environment }), inContainer({ environment })]),
  depends: depends.map(withDepends),
  runtime: [...nothing, {}, [], 'x', { containers: [] }, { foo: 1, ...runtime }].map((runtime) => inTask({ runtime })),
  'type of a runtime': [...scalars, 'pod', 'vm'].map((type) => inRuntime({ type })),
  arch: [...scalars, '386', 386, 'amd64', 'x86_64'].map((arch) => inRuntime({ arch })),
  containers: [...nothing, [], {}, [null], ['b'], [{}]].map((containers) => inRuntime({ containers })),
  'texts of a container': ['image', 'user', 'entrypoint'].flatMap((key) =>
    [...scalars, ' '].map((value) => inContainer({ [key]: value })),
  ),
  privileged: flags.map((privileged) => inContainer({ privileged })),
  volumes: [...nothing, [], {}, [null], ['/a'], [{}]].map((volumes) => inContainer({ volumes })),
  'path of a volume': paths.map((path) => inVolume({ path })),
  tmpfs: [...nothing, {}, [], true, '1Gi', { foo: 1 }].map((tmpfs) => inVolume({ tmpfs })),
  'size of a volume': sizes.map((size) => inVolume({ tmpfs: { size } })),
  steps: [...nothing, [], {}, 'x'].map((steps) => inTask({ steps })),
  step: steps.map(withStep),
}

test.each(Object.entries(documents))('the schema takes what the reader takes: %s', async (_, documents) => {
  for (const document of documents) {
    const text = JSON.stringify(document)
    const { config, problems } = await parseText(text, { strict: true, json: true })
    const codes = problems.map(({ code }) => code)
    expect([text, isValid(JSON.parse(text), schema), codes]).toEqual([text, config !== null, codes])
  }
})

const double = {
  tasks: [
    { name: 't', runtime },
    { name: 't', runtime },
  ],
}
const beyondTheSchema: Record<string, [document: unknown, code: string][]> = {
  'names are counted in bytes': [
    [inRun({ name: 'é'.repeat(51) }), 'run_name_too_long'],
    [inTask({ name: 'é'.repeat(51) }), 'task_name_too_long'],
  ],
  'names and places are unique': [
    [inConfig({ runs: [{ name: 'r' }, { name: 'r' }] }), 'run_name_duplicate'],
    [inRun(double), 'task_name_duplicate'],
    [
      inContainer({
        volumes: [
          { path: '/a', tmpfs: {} },
          { path: '/a/', tmpfs: {} },
        ],
      }),
      'volume_path_duplicate',
    ],
  ],
  'a path leads to the root on a detour': [[inVolume({ path: '/a/..' }), 'volume_path_root']],
  'dependencies are a graph': [
    [withDepends(['b']), 'dependency_missing'],
    [withDepends(['t']), 'dependency_circular'],
    [withDepends(['a', 'a']), 'dependency_duplicate'],
  ],
  'texts have no largest number': [
    ...['1E', '1Ei', '8Pi', '1e41'].map((size): [unknown, string] => [
      inVolume({ tmpfs: { size } }),
      'quantity_too_large',
    ]),
    [inTask({ task_timeout_interval: '3000000h' }), 'duration_too_long'],
  ],
  'regular expressions are those of RE2': ['/(/', '/(?=a)/', '#\\1#'].map((branch): [unknown, string] => [
    inTask({ when: { branch } }),
    'when_bad_regexp',
  ]),
}

test.each(Object.entries(beyondTheSchema))('the schema cannot say that %s', async (_, samples) => {
  for (const [document, expected] of samples) {
    const { problems } = await parseText(JSON.stringify(document), { strict: true, json: true })
    expect([document, problems.map(({ code }) => code)]).toEqual([document, [expected]])
    expect(isValid(document, schema)).toBe(true)
  }
})

test('the schema wants keys as they are listed, and nothing below zero', async () => {
  const stricter = [inConfig({ Task_Timeout_Interval: '5m' }), inTask({ task_timeout_interval: -0.5 })]
  for (const document of stricter) {
    expect((await parseText(JSON.stringify(document), { strict: true, json: true })).config).not.toBeNull()
    expect(isValid(document, schema)).toBe(false)
  }
})
