import { expect, test } from 'vitest'
import { brief, parseText, problemsIn, stepsWith, taskWith } from './read-text.ts'

async function taskOf(more: string) {
  const { config, problems } = await parseText(taskWith(more))
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  const task = config?.runs[0]?.tasks[0]
  if (task === undefined) throw new Error('no task')
  return task
}

test('defaults are filled in', async () => {
  expect(await taskOf('')).toEqual({
    name: 'task',
    runtime: {
      type: 'pod',
      arch: '',
      containers: [{ image: 'busybox', environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }],
    },
    environment: {},
    workingDir: '~/project',
    shell: '',
    user: '',
    steps: [],
    depends: [],
    ignoreFailure: false,
    approval: false,
    when: null,
    dockerRegistriesAuth: {},
    taskTimeoutIntervalMs: null,
  })
})

test('null is the same as absent for lists, objects and plain fields', async () => {
  const more =
    'environment:\nsteps:\ndepends:\nwhen:\ndocker_registries_auth:\ntask_timeout_interval:\nuser:\napproval:'
  expect(await taskOf(more)).toEqual(await taskOf(''))
  const { config } = await parseText(
    'runs: [{ name: a, tasks: , when: , docker_registries_auth: , task_timeout_interval: }]',
  )
  expect(config?.runs).toEqual([
    { name: 'a', tasks: [], when: null, dockerRegistriesAuth: {}, taskTimeoutIntervalMs: null },
  ])
})

const scalars: [written: string, text: string, warned: boolean][] = [
  ['123', '123', false],
  ['yes', 'true', true],
  ['off', 'false', true],
  ['y', 'true', true],
  ['1.10', '1.1', true],
  ['1.5', '1.5', false],
  ['0777', '511', true],
  ['1_000', '1000', true],
  ['12345678901234567890', '12345678901234567890', false],
  ['12:30:45', '12:30:45', false],
  ['2001-12-14', '2001-12-14', false],
  ['.', '.', false],
  ['1.2.3', '1.2.3', false],
  ["'1.10'", '1.10', false],
]
test.each(scalars)('the plain field %s is read as %s', async (written, text, warned) => {
  const { config, problems } = await parseText(taskWith(`user: ${written}`))
  expect(config?.runs[0]?.tasks[0]?.user).toBe(text)
  expect(problems.map(brief)).toEqual(warned ? ['warning converted_to_string 5:15 runs[0].tasks[0].user'] : [])
})

test('a converted value tells how it was written and how to keep it', async () => {
  const [problem] = (await parseText(taskWith('user: 1.10'))).problems
  expect(problem).toMatchObject({
    message: 'run "run" task "task": the number 1.1 is read as the text "1.1"',
    found: '1.10',
    hint: 'write it in quotes: "1.10"',
  })
})

test('nothing is converted inside steps and dependencies', async () => {
  expect(
    await problemsIn(stepsWith('- run: { command: 1 }\n- clone: { depth: "1" }\n- restore_cache: { keys: [1, null] }')),
  ).toEqual([
    'error wrong_type 6:29 runs[0].tasks[0].steps[0].run.command',
    'error wrong_type 7:29 runs[0].tasks[0].steps[1].clone.depth',
    'error wrong_type 8:37 runs[0].tasks[0].steps[2].restore_cache.keys[0]',
    'error wrong_type 8:40 runs[0].tasks[0].steps[2].restore_cache.keys[1]',
  ])
  expect(await problemsIn(taskWith('depends: [1, null, [x], { task: 1 }]'))).toEqual([
    'error depend_bad_shape 5:19 runs[0].tasks[0].depends[0]',
    'error depend_bad_shape 5:22 runs[0].tasks[0].depends[1]',
    'error depend_bad_shape 5:28 runs[0].tasks[0].depends[2]',
    'error depend_bad_shape 5:33 runs[0].tasks[0].depends[3]',
  ])
})

const wrongTypes: [more: string, message: string, found: string][] = [
  ['approval: "yes"', '"approval" must be true or false', '"yes"'],
  ['ignore_failure: 1', '"ignore_failure" must be true or false', 'the number 1'],
  ['steps: make', '"steps" must be a list', '"make"'],
  ['environment: [A]', '"environment" must be an object', 'a list of 1 item'],
  ['user: [a, b]', '"user" must be a string', 'a list of 2 items'],
  ['user: {}', '"user" must be a string', 'an empty object'],
  ['docker_registries_auth: { r: x }', '"r" must be an object', '"x"'],
  ['depends: task', '"depends" must be a list', '"task"'],
]
test.each(wrongTypes)('%s is refused', async (more, message, found) => {
  const { problems } = await parseText(taskWith(more))
  expect(problems).toMatchObject([{ code: 'wrong_type', message: `run "run" task "task": ${message}`, found }])
})

test('a bare string where a list belongs tells how to write it', async () => {
  const hints = async (text: string) => (await parseText(text)).problems.map(({ hint }) => hint)
  expect(await hints(taskWith('depends: build'))).toEqual(['write depends: ["build"]'])
  expect(await hints(stepsWith('- restore_cache: { keys: a }'))).toEqual(['put it into a list: ["a"]'])
})

test.each(['[]', 'text', '5', 'true'])('the document %s is no config', async (text) => {
  const { config, problems } = await parseText(text)
  expect(config).toBeNull()
  expect(problems).toMatchObject([
    { code: 'wrong_type', message: 'the config must be an object', path: '', line: 1, column: 1 },
  ])
})

test('unknown keys are warnings with a guess, and errors when asked', async () => {
  const text = 'runs: [{ name: a, taks: [] }]\nfoo: 1\n'
  const { config, problems } = await parseText(text)
  expect(config?.runs).toHaveLength(1)
  expect(problems).toMatchObject([
    {
      severity: 'warning',
      code: 'unknown_key',
      line: 1,
      column: 19,
      path: 'runs[0].taks',
      hint: 'did you mean "tasks"?',
      message: 'run "a": a run has no "taks"; it is ignored',
    },
    {
      severity: 'warning',
      code: 'unknown_key',
      line: 2,
      column: 1,
      path: 'foo',
      message: 'a config has no "foo"; it is ignored',
    },
  ])
  const strict = await parseText(text, { strict: true })
  expect(strict.config).toBeNull()
  expect(strict.problems.map(brief)).toEqual(['error unknown_key 1:19 runs[0].taks', 'error unknown_key 2:1 foo'])
  expect(strict.problems[0]?.message).toBe('run "a": a run has no "taks"')
})

test('keys that people bring from elsewhere have a hint of their own', async () => {
  const hint = async (text: string) => (await parseText(text)).problems[0]?.hint
  expect(await hint('runs: [{ name: a, environment: {} }]')).toBe(
    'a run has none: write "environment" into the tasks'.replace('"environment"', 'it'),
  )
  expect(await hint(taskWith('image: x'))).toBe('write runtime: { containers: [{ image: … }] }')
  expect(await hint(stepsWith('- run: { command: x, user: root }'))).toBe('write "user" into the task')
  expect(await hint(taskWith('constructor: x'))).toMatch(/^a task may have: name, runtime/)
})

test('$schema is allowed at the top', async () => {
  expect(await problemsIn('$schema: x\nruns: [{ name: a }]', { strict: true })).toEqual([])
})

test('keys in another case are read, with a warning', async () => {
  const { config, problems } = await parseText('RUNS: [{ Name: a }]')
  expect(config?.runs[0]?.name).toBe('a')
  expect(problems.map(brief)).toEqual(['warning key_case 1:1 RUNS', 'warning key_case 1:10 RUNS[0].Name'])
  expect(problems.map(({ hint }) => hint)).toEqual(['write "runs"', 'write "name"'])
})

test('a key in two spellings is given twice', async () => {
  expect(await problemsIn('runs: [{ name: a, Name: b }]')).toEqual(['error duplicate_key 1:19 runs[0].Name'])
  expect(await problemsIn('runs: [{ Name: a, NAME: b }]')).toEqual([
    'warning key_case 1:10 runs[0].Name',
    'error duplicate_key 1:19 runs[0].NAME',
  ])
})

test('what is discriminating is written as it is: type, short step names, from_variable, include', async () => {
  expect(await problemsIn(stepsWith('- { Type: clone, depth: 1 }\n- Clone:'))).toEqual([
    'error step_bad_shape 6:13 runs[0].tasks[0].steps[0]',
    'error step_unknown_type 7:13 runs[0].tasks[0].steps[1].Clone',
  ])
  expect(
    await problemsIn(taskWith('environment: { A: { From_variable: x } }\nwhen: { branch: { Include: x } }')),
  ).toEqual([
    'error value_bad 5:27 runs[0].tasks[0].environment.A',
    'error when_bad_shape 6:27 runs[0].tasks[0].when.branch.Include',
  ])
})

test('values of variables and passwords are not repeated in messages', async () => {
  const { problems } = await parseText(taskWith('docker_registries_auth: { r: { password: 4711 } }'))
  expect(problems).toMatchObject([{ code: 'value_bad', found: 'a number', hint: 'write it in quotes' }])
  const all = await parseText(taskWith('environment: { A: 4711, B: [4711], C: { pin: 4711 } }'))
  expect(all.problems).toHaveLength(3)
  expect(JSON.stringify([problems, all.problems])).not.toContain('4711')
})
