import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brief, parseText } from './read-text.ts'

/** A run whose tasks have the given lists of dependencies, in YAML, one line a task from line 4 on. */
function runOf(tasks: Record<string, string>): string {
  const lines = Object.entries(tasks).map(
    ([name, depends]) => `      - { name: '${name}', depends: [${depends}], runtime: { containers: [{ image: b }] } }`,
  )
  return `runs:\n  - name: r\n    tasks:\n${lines.join('\n')}\n`
}

async function messagesOf(tasks: Record<string, string>): Promise<string[]> {
  return (await parseText(runOf(tasks))).problems.map(({ code, message }) => `${code} ${message}`)
}

test('all forms of a dependency', async () => {
  const { config, problems } = await parseText(
    runOf({
      a: '',
      b: '',
      c: '',
      d: '',
      task: '',
      x: 'a, { b: [on_failure] }, { task: c, conditions: [on_success, on_skipped] }, { task: d }, { task: [on_failure, on_failure] }',
      z: '{ x: [] }, { task: task, conditions: }',
    }),
  )
  expect(problems.map(brief)).toEqual(['error dependency_redundant 10:43 runs[0].tasks[6].depends[1]'])
  expect(config).toBeNull()
  const fine = await parseText(
    runOf({
      a: '',
      b: '',
      c: '',
      d: '',
      task: '',
      x: 'a, { b: [on_failure] }, { task: c, conditions: [on_success, on_skipped] }, { task: d }, { task: [on_failure, on_failure] }',
      z: '{ x: [] }',
    }),
  )
  expect(fine.problems).toEqual([])
  expect(fine.config?.runs[0]?.tasks.map(({ depends }) => depends).slice(5)).toEqual([
    [
      { task: 'a', conditions: ['on_success'] },
      { task: 'b', conditions: ['on_failure'] },
      { task: 'c', conditions: ['on_success', 'on_skipped'] },
      { task: 'd', conditions: ['on_success'] },
      { task: 'task', conditions: ['on_failure'] },
    ],
    [{ task: 'x', conditions: ['on_success'] }],
  ])
})

const bad: [depend: string, hint: string][] = [
  ['{ a: on_success }', 'write { "a": [on_success] }'],
  ['5', 'write the name of a task, { name: [on_failure] }, or { task: name, conditions: [on_failure] }'],
  ['{}', 'write the name of a task, { name: [on_failure] }, or { task: name, conditions: [on_failure] }'],
  ['{ a: 1 }', 'write the name of a task, { name: [on_failure] }, or { task: name, conditions: [on_failure] }'],
  ['{ conditions: [on_success], when: x }', 'write { task: name, conditions: [...] }'],
  ...['""', '{ "": [on_success] }', '{ task: "" }', '{ task: , conditions: [on_failure] }'].map(
    (depend): [string, string] => [
      depend,
      'write the name of a task, { name: [on_failure] }, or { task: name, conditions: [on_failure] }',
    ],
  ),
  ...[
    '{ a: [on_success], task: [on_success] }',
    '{ a: [on_success], c: [on_failure] }',
    '{ a: on_success, c: on_failure }',
    '{ task: [a, c], conditions: [on_failure] }',
  ].map((depend): [string, string] => [
    depend,
    'write one entry for each task: [{ name: [on_success] }, { other: [on_failure] }]',
  ]),
]
test.each(bad)('%s is no dependency', async (depend, hint) => {
  const { problems } = await parseText(runOf({ a: '', b: depend }))
  expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([{ code: 'depend_bad_shape', hint }])
})

test('a dependency that is not used is told once, without what follows from it', async () => {
  const codes = async (depend: string) =>
    (await parseText(runOf({ a: '', b: depend }))).problems.map(({ code }) => code)
  expect(await codes('{ a: [on_success], task: [on_success] }')).toEqual(['depend_bad_shape'])
  expect(await codes('{ task: 5, conditions: [on_failure] }')).toEqual(['wrong_type'])
  expect(await codes('""')).toEqual(['depend_bad_shape'])
})

test('conditions that do not exist are named, with a guess', async () => {
  const { problems } = await parseText(runOf({ a: '', b: '{ a: [on_sucess, on_failure, 5, always] }' }))
  expect(problems.map(({ code, found, hint }) => [code, found, hint])).toEqual([
    ['depend_unknown_condition', '"on_sucess"', 'did you mean "on_success"?'],
    ['depend_unknown_condition', 'the number 5', 'write one of: on_success, on_failure, on_skipped'],
    ['depend_unknown_condition', '"always"', 'write one of: on_success, on_failure, on_skipped'],
  ])
})

test('a missing task is named with a guess, or with those there are', async () => {
  const { problems } = await parseText(runOf({ build: '', test: 'biuld, deploy' }))
  expect(problems.map(({ message, hint }) => [message, hint])).toEqual([
    ['run "r" task "test": the run has no task "biuld" to depend on', 'did you mean "build"?'],
    ['run "r" task "test": the run has no task "deploy" to depend on', 'the tasks are: "build", "test"'],
  ])
})

test('a task of another run is not found', async () => {
  const text = `${runOf({ a: '' })}${runOf({ b: 'a' }).replace('runs:\n', '').replace('name: r', 'name: s')}`
  expect((await parseText(text)).problems.map(brief)).toEqual([
    'error dependency_missing 7:32 runs[1].tasks[0].depends[0]',
  ])
})

test('every task of a circle is told which of the circle need it', async () => {
  expect(await messagesOf({ a: 'b', b: 'a' })).toEqual([
    'dependency_circular run "r" task "a": the task depends on itself, through "b"',
    'dependency_circular run "r" task "b": the task depends on itself, through "a"',
  ])
  expect(await messagesOf({ a: 'c', b: 'a', c: 'b' })).toEqual([
    'dependency_circular run "r" task "a": the task depends on itself, through "b"',
    'dependency_circular run "r" task "b": the task depends on itself, through "c"',
    'dependency_circular run "r" task "c": the task depends on itself, through "a"',
  ])
  expect(await messagesOf({ a: 'a' })).toEqual([
    'dependency_circular run "r" task "a": the task depends on itself, through "a"',
  ])
})

test('a task that only leads to a circle is not part of it', async () => {
  expect(await messagesOf({ a: 'b', b: 'c', c: 'b' })).toEqual([
    'dependency_circular run "r" task "b": the task depends on itself, through "c"',
    'dependency_circular run "r" task "c": the task depends on itself, through "b"',
  ])
})

test('a dependency that another one implies is redundant', async () => {
  expect(await messagesOf({ a: '', b: 'a', c: 'b, a' })).toEqual([
    'dependency_redundant run "r" task "c": the dependency on "a" is redundant: "b" already depends on it',
  ])
  expect(await messagesOf({ a: '', b: 'a', c: 'b', d: 'c, a' })).toEqual([
    'dependency_redundant run "r" task "d": the dependency on "a" is redundant: "c" already depends on it',
  ])
})

test('circles and redundant dependencies of all runs are told together', async () => {
  const first = runOf({ a: 'a', b: '', c: 'b', d: 'b, c' })
  const second = runOf({ x: 'x' }).replace('runs:\n', '').replace('name: r', 'name: s')
  expect((await parseText(first + second)).problems.map(({ code }) => code)).toEqual([
    'dependency_circular',
    'dependency_redundant',
    'dependency_circular',
  ])
})

test('many tasks of one circle are listed in short', async () => {
  const [problem] = (
    await parseText(
      runOf({ hub: 'a, b, c, d, e, f, g', a: 'hub', b: 'hub', c: 'hub', d: 'hub', e: 'hub', f: 'hub', g: 'hub' }),
    )
  ).problems
  expect(problem?.message).toBe(
    'run "r" task "hub": the task depends on itself, through "a", "b", "c", "d", "e", 2 more',
  )
})

test('the order of the tasks makes no difference to what is wrong with them', async () => {
  const edges = fc.uniqueArray(fc.nat(7), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.array(edges, { minLength: 1, maxLength: 8 }), fc.nat(7), async (graph, turn) => {
      const tasks = graph.map((parents, index): [string, string] => [
        `t${index}`,
        parents.map((parent) => `t${parent}`).join(', '),
      ])
      const at = turn % tasks.length
      const turned = [...tasks.slice(at), ...tasks.slice(0, at)].reverse()
      const wrong = async (list: [string, string][]) => {
        const { problems } = await parseText(runOf(Object.fromEntries(list)))
        return problems.map(({ code, message }) => `${code} ${message.replace(/, through .*/, '')}`).sort()
      }
      expect(await wrong(turned)).toEqual(await wrong(tasks))
    }),
  )
})

const numbered = (count: number, depends = '') =>
  Object.fromEntries(Array.from({ length: count }, (_, index): [string, string] => [`task${index}`, depends]))
const hintsOf = async (tasks: Record<string, string>) =>
  (await parseText(runOf(tasks))).problems.map(({ hint }) => hint)

test('of many tasks the first five are listed', async () => {
  const listed = 'the tasks are: "task0", "task1", "task2", "task3"'
  expect(await hintsOf({ ...numbered(4), x: 'nothing-like-it' })).toEqual([`${listed}, "x"`])
  expect(await hintsOf({ ...numbered(5), x: 'nothing-like-it' })).toEqual([`${listed}, "task4", …`])
})

test('guesses are made for the first twenty missing tasks', async () => {
  const missing = [...'abcdefghijklmnopqrstuv'].map((letter) => `build${letter}`).join(', ')
  const hints = await hintsOf({ build: '', x: missing })
  expect(hints).toHaveLength(22)
  expect(new Set(hints.slice(0, 20))).toEqual(new Set(['did you mean "build"?']))
  expect(hints.slice(20)).toEqual([null, null])
})

test('five tasks of a circle are all named', async () => {
  const around = Object.fromEntries([...'abcde'].map((name) => [name, 'hub']))
  const [problem] = (await parseText(runOf({ hub: 'a, b, c, d, e', ...around }))).problems
  expect(problem?.message).toMatch(/through "a", "b", "c", "d", "e"$/)
})

test('what is wrong with a graph comes with a way out, at the place where it is written', async () => {
  const { problems } = await parseText(runOf({ a: 'a', b: '', c: 'b, b', d: 'c, b' }))
  expect(problems.map((problem) => `${brief(problem)} ${problem.hint}`)).toEqual([
    'error dependency_circular 4:22 runs[0].tasks[0].depends remove one dependency of the circle',
    'error dependency_duplicate 6:35 runs[0].tasks[2].depends[1] null',
    'error dependency_redundant 7:35 runs[0].tasks[3].depends[1] leave "b" out',
  ])
  expect(problems[1]?.message).toBe('run "r" task "c": the task depends on "b" twice')
})

test('a task without a name is nobody to depend on, and of two of one name the first is meant', async () => {
  const codes = async (tasks: string) => {
    const { problems } = await parseText(`runs:\n  - name: r\n    tasks:\n${tasks}`)
    return problems.map(({ code, message }) => `${code} ${message}`)
  }
  const task = (name: string, depends: string) =>
    `      - { name: '${name}', depends: [${depends}], runtime: { containers: [{ image: b }] } }\n`
  expect(await codes(task('', '') + task('a', "''"))).toEqual([
    'task_name_empty run "r" tasks[0]: the task has no name',
    'depend_bad_shape run "r" task "a": the dependency names no task',
  ])
  // Were the second `a` meant, there would be no circle.
  expect(await codes(task('a', 'b') + task('a', '') + task('b', 'a'))).toEqual([
    'dependency_circular run "r" task "a": the task depends on itself, through "b"',
    'task_name_duplicate run "r" task "a": another task of this run has the name "a"',
    'dependency_circular run "r" task "b": the task depends on itself, through "a"',
  ])
})
