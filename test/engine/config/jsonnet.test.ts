import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/engine/config/load.ts'
import type { JsonnetEvaluator, LoadConfigOptions } from '../../../src/engine/config/loaded-config.ts'
import { JsonnetPool } from '../../../src/jsonnet/pool.ts'
import { aTree, branchContext } from './a-tree.ts'
import { brief } from './read-text.ts'

const pool = new JsonnetPool()
afterAll(() => pool.close())

async function load(files: Record<string, string>, options: Partial<LoadConfigOptions> = {}) {
  return loadConfig(aTree(files), { context: branchContext, jsonnet: () => pool, ...options })
}
async function problemsOf(program: string, files: Record<string, string> = {}) {
  return (await load({ '.agola/config.jsonnet': program, ...files })).problems
}

test('config.jsonnet comes first', async () => {
  const loaded = await load({
    '.agola/config.jsonnet': '{ runs: [{ name: "a" + 1 }] }',
    '.agola/config.yml': 'runs: []',
  })
  expect(loaded).toMatchObject({ file: '.agola/config.jsonnet', problems: [], value: { runs: [{ name: 'a1' }] } })
})

test.each([
  [
    'branch',
    branchContext,
    { ref_type: 'branch', ref: 'refs/heads/main', branch: 'main', tag: '', pull_request_id: '', commit_sha: '0123' },
  ],
  [
    'tag',
    { ...branchContext, refType: 'tag' as const, ref: 'refs/tags/v1', branch: '', tag: 'v1' },
    { ref_type: 'tag', ref: 'refs/tags/v1', branch: '', tag: 'v1', pull_request_id: '', commit_sha: '0123' },
  ],
  [
    'pull request',
    { ...branchContext, refType: 'pull_request' as const, ref: 'refs/pull/7/head', branch: '', pullRequestId: '7' },
    {
      ref_type: 'pull_request',
      ref: 'refs/pull/7/head',
      branch: '',
      tag: '',
      pull_request_id: '7',
      commit_sha: '0123',
    },
  ],
])('a function gets ctx of a %s', async (_, context, ctx) => {
  const loaded = await load(
    { '.agola/config.jsonnet': 'function(ctx) { runs: [{ name: std.manifestJsonMinified(ctx) }] }' },
    { context },
  )
  expect(JSON.parse((loaded.value as { runs: { name: string }[] }).runs[0]?.name ?? '')).toEqual(ctx)
})

test('other parameters need defaults, and ctx must be one of them', async () => {
  const codes = async (program: string) => (await problemsOf(program)).map(({ code }) => code)
  expect(await codes('function(ctx, x=1) { runs: [{ name: "a" }] }')).toEqual([])
  expect(await codes('function(ctx, x) { runs: [{ name: "a" }] }')).toEqual(['evaluation_failed'])
  expect(await codes('function(x=1) { runs: [{ name: "a" }] }')).toEqual(['evaluation_failed'])
  expect(await codes('function() { runs: [{ name: "a" }] }')).toEqual(['evaluation_failed'])
})

test('problems point into the program', async () => {
  const program = `local task(name) = {
  name: name,
  rutime: {},
};
{
  runs: [{ name: 'é😀', tasks: [task('a'), task('')] }],
}`
  expect((await problemsOf(program)).map(brief)).toEqual([
    'error runtime_missing 1:20 runs[0].tasks[0]',
    'error runtime_missing 1:20 runs[0].tasks[1]',
    'error task_name_empty 2:3 runs[0].tasks[1].name',
    'warning unknown_key 3:3 runs[0].tasks[0].rutime',
    'warning unknown_key 3:3 runs[0].tasks[1].rutime',
  ])
})

test('an evaluation that fails tells where, in characters, and how it came there', async () => {
  const [problem] = await problemsOf("local f(x) = error 'no ' + x;\n{ runs: [{ name: '😀' + f('way') }] }")
  expect(problem).toMatchObject({
    severity: 'error',
    code: 'evaluation_failed',
    file: '.agola/config.jsonnet',
    line: 1,
    column: 14,
    path: '',
    found: null,
  })
  expect(problem?.message).toContain('no way')
  expect(problem?.notes?.join('\n')).toContain('.agola/config.jsonnet:2:24')
})

test('a syntax error has a place', async () => {
  expect(await problemsOf('{\n  runs: [\n}')).toMatchObject([{ code: 'evaluation_failed', line: 3, column: 1 }])
})

test('a syntax error in an imported file has its place there, in characters, and tells who imports it', async () => {
  const lib = "{\n  name: 'é' + ,\n}"
  const program = "{\n  runs: [import 'lib.libsonnet'],\n}"
  const [problem, ...others] = await problemsOf(program, { '.agola/lib.libsonnet': lib })
  expect(others).toEqual([])
  expect(problem).toMatchObject({ code: 'evaluation_failed', file: '.agola/lib.libsonnet', line: 2, column: 15 })
  expect(problem?.message).toBe('Unexpected: "," while parsing terminal')
  expect(problem?.notes).toEqual([
    'during $ at .agola/lib.libsonnet:2:15',
    'during field <runs> at .agola/config.jsonnet:2:10',
  ])
})

test('a program that does not end is stopped', async () => {
  const hasty: JsonnetEvaluator = {
    evaluate: (program, options) => pool.evaluate(program, { ...options, limits: { ...options.limits, timeMs: 100 } }),
  }
  const program = { '.agola/config.jsonnet': 'local f(x) = f(x + 1) tailstrict; f(0)' }
  const { problems } = await load(program, { jsonnet: () => hasty })
  expect(problems).toMatchObject([{ code: 'evaluation_limit', file: '.agola/config.jsonnet' }])
})

test('what it evaluates to is limited, not what it is written in', async () => {
  const program = `// ${'x'.repeat(2000)}\n{ runs: [{ name: 'a' }] }`
  expect((await load({ '.agola/config.jsonnet': program }, { bytesMax: 1000 })).problems).toEqual([])
  const large = await load(
    { '.agola/config.jsonnet': "{ runs: [{ name: std.repeat('x', 1000) }] }" },
    { bytesMax: 1000 },
  )
  expect(large).toMatchObject({ config: null, value: undefined })
  expect(large.problems).toMatchObject([
    {
      code: 'file_too_large',
      message: expect.stringMatching(/^the config evaluates to \d+ bytes of JSON; at most 1000 are allowed$/),
    },
  ])
})

test('imports are files of the repository, relative to the importing one', async () => {
  const loaded = await load({
    '.agola/config.jsonnet':
      "(import 'lib/run.libsonnet') + { text:: importstr '../VERSION' } + { runs: [super.runs[0] { name: super.name + $.text }] }",
    '.agola/lib/run.libsonnet': "{ runs: [{ name: (import '../name.jsonnet') }] }",
    '.agola/name.jsonnet': "'n'",
    VERSION: '1',
  })
  expect(loaded.problems).toEqual([])
  expect(loaded.config?.runs[0]?.name).toBe('n1')
  expect(Object.keys(loaded.texts).sort()).toEqual([
    '.agola/config.jsonnet',
    '.agola/lib/run.libsonnet',
    '.agola/name.jsonnet',
    'VERSION',
  ])
})

test('problems in imported files point there', async () => {
  const problems = await problemsOf("import 'lib.libsonnet'", {
    '.agola/lib.libsonnet': '{\n  runs: [\n    { naem: 1 },\n  ],\n}',
  })
  expect(problems.map(({ file, code, line }) => [file, code, line])).toEqual([
    ['.agola/lib.libsonnet', 'run_name_empty', 3],
    ['.agola/lib.libsonnet', 'unknown_key', 3],
  ])
})

test.each([
  ['/etc/hostname', 'imports are relative to the importing file, with / between names'],
  ['C:/x', 'imports are relative to the importing file, with / between names'],
  ['a\\\\b', 'imports are relative to the importing file, with / between names'],
  ['../../etc/hostname', '../../etc/hostname leads out of the repository'],
  ['lib/../../../x', 'lib/../../../x leads out of the repository'],
  ['..', '.. is no file'],
  ['', 'the path is empty'],
  ['none.libsonnet', 'there is no such file in the repository'],
  ['link', '.agola/link is a link out of the repository'],
  ['binary', 'the file is not UTF-8 text'],
])('the import of %j is refused', async (path, reason) => {
  const tree = aTree({
    '.agola/config.jsonnet': `import '${path}'`,
    '.agola/link': '-> /etc/hostname',
    '.agola/binary': new Uint8Array([255]),
  })
  const { problems } = await loadConfig(tree, { context: branchContext, jsonnet: () => pool })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ code: 'evaluation_failed', file: '.agola/config.jsonnet', line: 1 })
  expect(problems[0]?.message).toContain(reason)
})

test('the Jsonnet example of the format gives six tasks for a tag, and one step less for a branch', async () => {
  const program = readFileSync(new URL('examples/matrix.jsonnet', import.meta.url), 'utf8')
  const tag = { ...branchContext, refType: 'tag' as const, ref: 'refs/tags/v1', branch: '', tag: 'v1' }
  const { config, problems } = await load({ '.agola/config.jsonnet': program }, { context: tag, strict: true })
  expect(problems).toEqual([])
  const [run] = config?.runs ?? []
  expect(run?.name).toBe('matrix tag')
  expect(run?.tasks.map(({ name }) => name)).toEqual([
    'build amd64 node 20',
    'build amd64 node 22',
    'build arm64 node 20',
    'build arm64 node 22',
    'publish',
    'cleanup',
  ])
  const publish = run?.tasks[4]
  expect(publish?.depends.map(({ task }) => task)).toEqual(run?.tasks.slice(0, 4).map(({ name }) => name))
  expect(publish?.steps.map(({ type, name }) => [type, name])).toEqual([
    ['restore_workspace', ''],
    ['run', 'publish v1'],
  ])
  expect(publish?.runtime.containers[0]?.volumes).toEqual([{ path: '/t', tmpfsSizeBytes: 67108864 }])
  const branch = await load({ '.agola/config.jsonnet': program })
  expect(branch.config?.runs[0]).toMatchObject({ name: 'matrix branch' })
  expect(branch.config?.runs[0]?.tasks[4]?.steps).toHaveLength(1)
})
