import { expect, expectTypeOf, test } from 'vitest'
import { compileRuns, setupErrorRun } from '../../../src/engine/compile/compile.ts'
import type { CompiledRun } from '../../../src/engine/compile/compiled-run.ts'
import { selectTasks } from '../../../src/engine/compile/select-tasks.ts'
import { emptyVariableText, refuseUndefined, wantedVariables } from '../../../src/engine/compile/undefined-variables.ts'
import type { CreateRunRequest } from '../../../src/engine/ports/run-service.ts'
import { parseText } from '../config/read-text.ts'
import { branchSource, compileText, graphText, origin, taskOf } from './a-compile.ts'

const pod = 'runtime: { containers: [{ image: b }] }'

test('a compiled run is what the run service takes', () => {
  expectTypeOf<CompiledRun>().toEqualTypeOf<CreateRunRequest>()
})

test('the smallest run, with every default', async () => {
  const { runs, skipped, undefinedVariables } = await compileText(
    `runs:\n  - name: r\n    tasks:\n      - name: t\n        ${pod}`,
  )
  expect({ skipped, undefinedVariables }).toEqual({ skipped: [], undefinedVariables: [] })
  expect(runs).toEqual([
    {
      name: 'r',
      group: '/user/u/branch/main',
      cacheGroup: 'u-r',
      setupErrors: [],
      annotations: { run_type: 'user' },
      staticEnvironment: { CI: 'true' },
      environment: {},
      tasks: {
        'id of t': {
          id: 'id of t',
          name: 't',
          level: 0,
          depends: {},
          runtime: {
            type: 'pod',
            arch: '',
            containers: [{ image: 'b', environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }],
          },
          environment: {},
          workingDir: '~/project',
          shell: '/bin/sh -e',
          user: '',
          steps: [],
          ignoreFailure: false,
          needsApproval: false,
          skip: false,
          dockerRegistriesAuth: {},
          taskTimeoutIntervalMs: 0,
        },
      },
    },
  ])
})

test('everything that a task says', async () => {
  const { runs } = await compileText(`runs:
  - name: r
    tasks:
      - name: t
        runtime:
          arch: arm64
          containers:
            - { image: a, user: me, privileged: true, entrypoint: run it, volumes: [{ path: /x, tmpfs: { size: 1Ki } }, { path: /w, tmpfs: {} }] }
        working_dir: /w
        shell: bash
        user: you
        ignore_failure: true
        approval: true
        steps:
          - clone: { depth: 2, recurse_submodules: true }
          - clone: { name: get }
          - run: { name: go, command: c, environment: { A: b }, working_dir: /d, shell: s, tty: false }
          - save_to_workspace: { name: s, contents: [{ source_dir: a, dest_dir: b, paths: [c] }] }
          - restore_workspace: { dest_dir: d }
          - save_cache: { key: k, contents: [{ source_dir: a }] }
          - restore_cache: { keys: [k], dest_dir: d }
`)
  expect(taskOf(runs[0], 't')).toMatchObject({
    runtime: {
      arch: 'arm64',
      containers: [
        {
          image: 'a',
          user: 'me',
          privileged: true,
          entrypoint: 'run it',
          volumes: [
            { path: '/x', tmpfsSizeBytes: 1024 },
            { path: '/w', tmpfsSizeBytes: 0 },
          ],
        },
      ],
    },
    workingDir: '/w',
    shell: 'bash',
    user: 'you',
    ignoreFailure: true,
    needsApproval: true,
  })
  expect(taskOf(runs[0], 't').steps).toEqual([
    { type: 'clone', name: '', depth: 2, recurseSubmodules: true },
    { type: 'clone', name: 'get', depth: 0, recurseSubmodules: false },
    { type: 'run', name: 'go', command: 'c', environment: { A: 'b' }, workingDir: '/d', shell: 's', tty: false },
    { type: 'save_to_workspace', name: 's', contents: [{ sourceDir: 'a', destDir: 'b', paths: ['c'] }] },
    { type: 'restore_workspace', name: '', destDir: 'd' },
    { type: 'save_cache', name: '', key: 'k', contents: [{ sourceDir: 'a', destDir: '', paths: ['**'] }] },
    { type: 'restore_cache', name: '', keys: ['k'], destDir: 'd' },
  ])
})

test('dependencies go by ids, keep their conditions and give levels', async () => {
  const { runs } = await compileText(
    `runs:\n${graphText({ c: 'b, { a2: [on_skipped, on_failure] }', b: 'a', a: '', a2: '' })}`,
  )
  const tasks = runs[0]?.tasks ?? {}
  expect(Object.keys(tasks)).toEqual(['id of c', 'id of b', 'id of a', 'id of a2'])
  expect(Object.values(tasks).map(({ level }) => level)).toEqual([2, 1, 0, 0])
  expect(taskOf(runs[0], 'c').depends).toEqual({
    'id of b': { taskId: 'id of b', conditions: ['on_success'] },
    'id of a2': { taskId: 'id of a2', conditions: ['on_skipped', 'on_failure'] },
  })
})

const whens = `runs:
  - { name: always, tasks: [{ name: t, ${pod}, when: { tag: v1 } }, { name: u, ${pod}, when: { branch: '/^ma/' } }] }
  - { name: never, when: { branch: other } }
  - { name: tagged, when: { tag: '/./' } }
`
test('runs whose when does not match are left out, tasks are skipped', async () => {
  const branch = await compileText(whens)
  expect(branch.runs.map(({ name }) => name)).toEqual(['always'])
  expect(branch.skipped).toEqual([
    { name: 'never', reason: 'when' },
    { name: 'tagged', reason: 'when' },
  ])
  expect([taskOf(branch.runs[0], 't').skip, taskOf(branch.runs[0], 'u').skip]).toEqual([true, false])
  const tag = await compileText(
    whens,
    {},
    { source: { ...branchSource, refType: 'tag', ref: 'refs/tags/v1', branch: '', tag: 'v1' } },
  )
  expect(tag.runs.map(({ name }) => name)).toEqual(['always', 'tagged'])
  expect([taskOf(tag.runs[0], 't').skip, taskOf(tag.runs[0], 'u').skip]).toEqual([false, true])
})

test.each(['[ci skip] change', 'change\n\nbody [ci skip] body'])('no run for the message %j', async (message) => {
  const { runs, skipped } = await compileText(whens, {}, { message })
  expect(runs).toEqual([])
  expect(skipped).toEqual(['always', 'never', 'tagged'].map((name) => ({ name, reason: 'ci_skip' })))
})

test('[CI SKIP] is no [ci skip]', async () => {
  expect((await compileText(whens, {}, { message: '[CI SKIP] [ci  skip]' })).runs).toHaveLength(1)
})

const variables = `docker_registries_auth: { r: { username: { from_variable: user }, password: { from_variable: token } } }
runs:
  - name: r
    tasks:
      - name: t
        environment: { A: { from_variable: user }, B: { from_variable: token }, C: { from_variable: missing }, D: text }
        runtime: { containers: [{ image: b, environment: { E: { from_variable: user }, F: { from_variable: missing } } }] }
        steps: [{ run: { command: c, environment: { G: { from_variable: user }, H: { from_variable: other } } } }]
  - name: s
    when: { branch: other }
    tasks: [{ name: t, ${pod}, environment: { A: { from_variable: unused } } }]
`
const given = { user: { value: 'me', secret: false }, token: { value: 's3cr3t', secret: true } }

test('variables are resolved, secrets stay references, undefined ones are empty', async () => {
  const { runs, undefinedVariables } = await compileText(variables, given)
  const task = taskOf(runs[0], 't')
  expect(task.environment).toEqual({ A: 'me', B: { fromVariable: 'token' }, C: '', D: 'text' })
  expect(task.runtime.containers[0]?.environment).toEqual({ E: 'me', F: '' })
  expect(task.steps).toMatchObject([{ environment: { G: 'me', H: '' } }])
  expect(task.dockerRegistriesAuth).toEqual({
    r: { type: 'basic', username: 'me', password: { fromVariable: 'token' }, auth: '' },
  })
  expect(undefinedVariables).toEqual([
    { name: 'missing', usedBy: ['task "t" of run "r"'] },
    { name: 'other', usedBy: ['task "t" of run "r"'] },
  ])
  expect(JSON.stringify(runs)).not.toContain('s3cr3t')
})

test('undefined variables are refused with those who want them', async () => {
  const { undefinedVariables } = await compileText(variables, given)
  expect(() => refuseUndefined(undefinedVariables)).toThrow(
    expect.objectContaining({
      code: 'variableInvalid',
      details: { names: ['missing', 'other'] },
      message: `variables that nobody gave:
  missing, wanted by task "t" of run "r"
  other, wanted by task "t" of run "r"
Give them with --var NAME=VALUE or --secret NAME`,
    }),
  )
  const all = { ...given, missing: { value: '', secret: false }, other: { value: '', secret: true } }
  refuseUndefined((await compileText(variables, all)).undefinedVariables)
})

test('an undefined variable that several tasks want is told once, with all of them', async () => {
  const task = (name: string) =>
    `{ name: ${name}, ${pod}, environment: { A: { from_variable: x }, B: { from_variable: x } } }`
  const text = `runs: [{ name: r, tasks: [${task('a')}, ${task('b')}] }]`
  const { undefinedVariables } = await compileText(text)
  expect(() => refuseUndefined(undefinedVariables)).toThrow(
    '\n  x, wanted by task "a" of run "r", task "b" of run "r"\n',
  )
})

test('at most five places are named for one variable', async () => {
  const tasks = Array.from(
    { length: 7 },
    (_, index) => `{ name: t${index}, ${pod}, environment: { A: { from_variable: x } } }`,
  )
  const { undefinedVariables } = await compileText(`runs: [{ name: r, tasks: [${tasks.join(', ')}] }]`)
  const named = [0, 1, 2, 3, 4].map((index) => `task "t${index}" of run "r"`).join(', ')
  expect(undefinedVariables.map(emptyVariableText)).toEqual([
    `the variable x is not given and empty: ${named} and 2 more want it (--var x=…)`,
  ])
})

test('registry credentials: the run inherits, the task replaces whole entries and adds', async () => {
  const { runs } = await compileText(
    `docker_registries_auth:
  index.docker.io: { username: root, password: p }
  one: { type: encodedauth, auth: { from_variable: user } }
runs:
  - name: r
    docker_registries_auth: { one: { username: run }, two: { username: run } }
    tasks:
      - { name: a, ${pod} }
      - { name: b, ${pod}, docker_registries_auth: { two: { type: encodedauth, auth: x }, 'https://index.docker.io/v1/': { username: task } } }
`,
    given,
  )
  const basic = (username: string, password = '') => ({ type: 'basic', username, password, auth: '' })
  expect(taskOf(runs[0], 'a').dockerRegistriesAuth).toEqual({
    'index.docker.io': basic('root', 'p'),
    one: basic('run'),
    two: basic('run'),
  })
  expect(taskOf(runs[0], 'b').dockerRegistriesAuth).toEqual({
    'index.docker.io': basic('root', 'p'),
    one: basic('run'),
    two: { type: 'encodedauth', username: '', password: '', auth: 'x' },
    'https://index.docker.io/v1/': basic('task'),
  })
})

test('timeouts: the task before the run before the config; 0s lifts an inherited one', async () => {
  const text = (root: string) => `${root}runs:
  - { name: r, task_timeout_interval: 2m, tasks: [{ name: a, ${pod} }, { name: b, ${pod}, task_timeout_interval: 3m }, { name: c, ${pod}, task_timeout_interval: 0s }] }
  - { name: s, tasks: [{ name: a, ${pod} }] }
`
  const timeouts = async (root: string) =>
    (await compileText(text(root))).runs.map(({ tasks }) =>
      Object.values(tasks).map(({ taskTimeoutIntervalMs }) => taskTimeoutIntervalMs),
    )
  expect(await timeouts('task_timeout_interval: 1m\n')).toEqual([[120_000, 180_000, 0], [60_000]])
  expect(await timeouts('')).toEqual([[120_000, 180_000, 0], [0]])
})

/** Every object and list in a value, itself included. */
function partsOf(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found
  found.add(value)
  for (const item of Object.values(value)) partsOf(item, found)
  return found
}

test('a run shares nothing with its config, its origin or another run that one of them could change', async () => {
  const text = `docker_registries_auth: { r: { password: { from_variable: secret } } }
runs:
  - name: r
    tasks:
      - { name: parent, ${pod} }
      - name: t
        depends: [{ parent: [on_failure] }]
        environment: { A: { from_variable: secret } }
        runtime: { containers: [{ image: b, environment: { A: a }, volumes: [{ path: /a, tmpfs: {} }] }] }
        steps:
          - clone:
          - run: make
          - save_to_workspace: { contents: [{ paths: [a] }] }
          - restore_workspace:
          - save_cache: { key: k, contents: [{ paths: [a] }] }
          - restore_cache: { keys: [k] }
`
  const { config } = await parseText(text)
  if (config === null) throw new Error('no config')
  const input = {
    config,
    source: branchSource,
    message: '',
    origin,
    variables: new Map([['secret', { value: 'x', secret: true }]]),
    newTaskId: (name: string) => name,
  }
  const [first, second] = [await compileRuns(input), await compileRuns(input)]
  expect(first).toEqual(second)
  const others = new Set([...partsOf(config), ...partsOf(origin), ...partsOf(second.runs)])
  expect([...partsOf(first.runs)].filter((part) => others.has(part))).toEqual([])
})

test('a config that cannot be used makes one run that says so and shares no caches', () => {
  expect(setupErrorRun(origin, ['bad'])).toEqual({
    name: 'Setup Error',
    group: '/user/u/branch/main',
    cacheGroup: '',
    setupErrors: ['bad'],
    annotations: { run_type: 'user' },
    staticEnvironment: { CI: 'true' },
    environment: {},
    tasks: {},
  })
})

test('one task wants it, several want it', () => {
  const text = (...usedBy: string[]) => emptyVariableText({ name: 'x', usedBy })
  expect(text('task "a" of run "r"')).toBe(
    'the variable x is not given and empty: task "a" of run "r" wants it (--var x=…)',
  )
  expect(text('task "a" of run "r"', 'task "b" of run "r"')).toContain(
    'task "a" of run "r", task "b" of run "r" want it',
  )
})

test('variables are wanted by the tasks that run', async () => {
  const task = (name: string, variable: string, more = '') =>
    `{ name: ${name}, ${pod}, environment: { A: { from_variable: ${variable} } }${more} }`
  const tasks = [task('a', 'one'), task('b', 'two'), task('c', 'one'), task('d', 'three', ', when: { branch: other }')]
  const { runs, undefinedVariables } = await compileText(`runs: [{ name: r, tasks: [${tasks.join(', ')}] }]`)
  const wantedBy = (...names: string[]) =>
    wantedVariables(undefinedVariables, selectTasks(runs, { runs: [], tasks: names, only: true }))
  expect(wantedBy('c', 'd')).toEqual([{ name: 'one', usedBy: ['task "c" of run "r"'] }])
  expect(wantedBy().map(({ name }) => name)).toEqual(['one', 'two'])
})
