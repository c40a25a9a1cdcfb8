import fc from 'fast-check'
import type { Config, ConfigTask } from '../../../src/engine/config/config.ts'

const conditions = ['on_success', 'on_failure', 'on_skipped'] as const
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const some = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const value = fc.oneof(text, fc.record({ fromVariable: some }))
const variableName = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
const environment = fc.dictionary(variableName, value, { maxKeys: 3, noNullPrototype: true })
const timeout = fc.option(
  fc.integer({ min: 1, max: 100_000 }).map((seconds) => seconds * 1000),
  { nil: null },
)
const auth = fc.dictionary(
  fc.constantFrom('index.docker.io', 'https://registry.example.com/v1/', 'localhost:5000', '__proto__'),
  fc.record({
    type: fc.constantFrom('basic' as const, 'encodedauth' as const),
    username: value,
    password: value,
    auth: value,
  }),
  { maxKeys: 2, noNullPrototype: true },
)

const condition = fc.oneof(
  fc.record({ type: fc.constant('regexp' as const), match: fc.constantFrom('^v', '.*', 'a/b', '#', 'x$', '(?i)main') }),
  fc.record({ type: fc.constant('simple' as const), match: fc.constantFrom('main', '', '/', '#', 'release/1', '/a#') }),
)
const whenConditions = fc.record({
  include: fc.array(condition, { maxLength: 2 }),
  exclude: fc.array(condition, { maxLength: 2 }),
})
const optionalConditions = fc.option(whenConditions, { nil: null })
const when = fc.option(fc.record({ branch: optionalConditions, tag: optionalConditions, ref: optionalConditions }), {
  nil: null,
})

const contents = fc.array(fc.record({ sourceDir: text, destDir: text, paths: fc.array(text, { maxLength: 2 }) }), {
  maxLength: 2,
})
const step = fc.oneof(
  fc.record({
    type: fc.constant('run' as const),
    name: some,
    command: some,
    environment,
    workingDir: text,
    shell: text,
    tty: fc.boolean(),
  }),
  fc.record({ type: fc.constant('clone' as const), name: text, depth: fc.nat(5), recurseSubmodules: fc.boolean() }),
  fc.record({ type: fc.constant('save_to_workspace' as const), name: text, contents }),
  fc.record({ type: fc.constant('restore_workspace' as const), name: text, destDir: text }),
  fc.record({ type: fc.constant('save_cache' as const), name: text, key: some, contents }),
  fc.record({
    type: fc.constant('restore_cache' as const),
    name: text,
    keys: fc.array(some, { minLength: 1, maxLength: 2 }),
    destDir: text,
  }),
)
const container = fc.record({
  image: fc.constantFrom('busybox', 'registry.example.com/a/b:1.10'),
  environment,
  user: text,
  privileged: fc.boolean(),
  entrypoint: text,
  volumes: fc.uniqueArray(fc.record({ path: fc.stringMatching(/^\/[a-z0-9 ]{1,9}$/), tmpfsSizeBytes: fc.nat() }), {
    maxLength: 2,
    selector: ({ path }) => path,
  }),
})

const task = fc.record({
  runtime: fc.record({
    type: fc.constant('pod' as const),
    arch: fc.constantFrom('' as const, '386' as const, 'amd64' as const, 'arm' as const, 'arm64' as const),
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
  }),
  environment,
  workingDir: some,
  shell: text,
  user: text,
  steps: fc.array(step, { maxLength: 4 }),
  ignoreFailure: fc.boolean(),
  approval: fc.boolean(),
  when,
  dockerRegistriesAuth: auth,
  taskTimeoutIntervalMs: timeout,
  dependConditions: fc.uniqueArray(fc.constantFrom(...conditions), { minLength: 1 }),
})

/** Chains of tasks: every second one depends on the one before it, so that nothing is redundant. */
const tasks = fc.array(task, { maxLength: 5 }).map((list) =>
  list.map(({ dependConditions, ...rest }, index): ConfigTask => {
    const depends = index % 2 === 0 ? [] : [{ task: `task ${index - 1}`, conditions: dependConditions }]
    return { name: `task ${index}`, ...rest, depends }
  }),
)

/** Valid configs of every shape. */
export const configs: fc.Arbitrary<Config> = fc.record({
  runs: fc
    .array(fc.record({ tasks, when, dockerRegistriesAuth: auth, taskTimeoutIntervalMs: timeout }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((list) => list.map((run, index) => ({ name: `run ${index}`, ...run }))),
  dockerRegistriesAuth: auth,
  taskTimeoutIntervalMs: timeout,
})
