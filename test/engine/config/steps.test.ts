import { expect, test } from 'vitest'
import { brief, parseText, stepsWith } from './read-text.ts'

async function stepsOf(steps: string) {
  const { config, problems } = await parseText(stepsWith(steps))
  expect(problems.map(brief)).toEqual([])
  return config?.runs[0]?.tasks[0]?.steps
}

const run = { type: 'run', name: 'make', command: 'make', environment: {}, workingDir: '', shell: '', tty: true }
const contents = [{ sourceDir: 'a', destDir: 'b', paths: ['*.o'] }]

const forms: [title: string, long: string, short: string, step: unknown][] = [
  ['clone', '- type: clone', '- clone:', { type: 'clone', name: '', depth: 0, recurseSubmodules: false }],
  [
    'clone with options',
    '- { type: clone, name: get, depth: 2, recurse_submodules: true }',
    '- clone: { name: get, depth: 2, recurse_submodules: true }',
    { type: 'clone', name: 'get', depth: 2, recurseSubmodules: true },
  ],
  ['run', '- { type: run, command: make }', '- run: make', run],
  [
    'run with everything',
    '- { type: run, name: nn, command: c, environment: { A: a, B: { from_variable: b } }, working_dir: w, shell: s, tty: false }',
    '- run: { name: nn, command: c, environment: { A: a, B: { from_variable: b } }, working_dir: w, shell: s, tty: false }',
    {
      type: 'run',
      name: 'nn',
      command: 'c',
      environment: { A: 'a', B: { fromVariable: 'b' } },
      workingDir: 'w',
      shell: 's',
      tty: false,
    },
  ],
  [
    'save_to_workspace',
    '- { type: save_to_workspace, name: nn, contents: [{ source_dir: a, dest_dir: b, paths: ["*.o"] }] }',
    '- save_to_workspace: { name: nn, contents: [{ source_dir: a, dest_dir: b, paths: ["*.o"] }] }',
    { type: 'save_to_workspace', name: 'nn', contents },
  ],
  [
    'restore_workspace',
    '- { type: restore_workspace, dest_dir: d }',
    '- restore_workspace: { dest_dir: d }',
    { type: 'restore_workspace', name: '', destDir: 'd' },
  ],
  [
    'save_cache',
    '- { type: save_cache, key: k, contents: [{ source_dir: a, dest_dir: b, paths: ["*.o"] }] }',
    '- save_cache: { key: k, contents: [{ source_dir: a, dest_dir: b, paths: ["*.o"] }] }',
    { type: 'save_cache', name: '', key: 'k', contents },
  ],
  [
    'restore_cache',
    '- { type: restore_cache, keys: [k, l], dest_dir: d }',
    '- restore_cache: { keys: [k, l], dest_dir: d }',
    { type: 'restore_cache', name: '', keys: ['k', 'l'], destDir: 'd' },
  ],
]
test.each(forms)('%s means the same in the long and the short form', async (_, long, short, step) => {
  expect(await stepsOf(long)).toEqual([step])
  expect(await stepsOf(short)).toEqual([step])
})

test('tty is on unless it is turned off', async () => {
  const steps = await stepsOf(
    '- run: { command: a }\n- run: { command: a, tty: true }\n- run: { command: a, tty: false }',
  )
  expect(steps?.map((step) => step.type === 'run' && step.tty)).toEqual([true, true, false])
})

test('contents without paths save everything, in workspaces too; an empty list saves nothing', async () => {
  const paths = async (more: string) =>
    (await stepsOf(more))?.map((step) => 'contents' in step && step.contents.map(({ paths }) => paths))
  expect(await paths('- save_cache: { key: k, contents: [{}] }')).toEqual([[['**']]])
  expect(await paths('- save_to_workspace: { contents: [{ paths: }] }')).toEqual([[['**']]])
  expect(await paths('- save_to_workspace: { contents: [{ paths: [] }] }')).toEqual([[[]]])
  expect(await paths('- save_to_workspace: { contents: }')).toEqual([[]])
})

test('a command names its step, cut to a hundred bytes between characters', async () => {
  const nameOf = async (text: string) => (await stepsOf(text))?.[0]?.name
  expect(await nameOf('- run: |\n    make test\n')).toBe('make test')
  expect(await nameOf("- run: { name: '', command: a }")).toBe('a')
  expect(await nameOf(`- run: ${'a'.repeat(101)}`)).toBe('a'.repeat(100))
  expect(await nameOf(`- run: a${'é'.repeat(60)}`)).toBe(`a${'é'.repeat(49)}`)
  expect(await nameOf(`- run: ${'😀'.repeat(26)}`)).toBe('😀'.repeat(25))
})

test('one line in a text block needs no name, but its command keeps the line end', async () => {
  expect((await stepsOf('- run: |\n    make\n'))?.[0]).toMatchObject({ name: 'make', command: 'make\n' })
  const { problems } = await parseText(stepsWith('- run: "a\\n\\n"'))
  expect(problems.map(({ code }) => code)).toEqual(['run_name_required'])
})

test('a step whose text is of another type is told so once', async () => {
  const codes = async (text: string) => (await parseText(stepsWith(text))).problems.map(({ code }) => code)
  expect(await codes('- run: { command: [] }')).toEqual(['wrong_type'])
  expect(await codes('- save_cache: { key: 1 }')).toEqual(['wrong_type'])
})

const badShapes: [steps: string, code: string, hint: string][] = [
  ['- clone', 'step_bad_shape', 'write { clone: {} }, in YAML "- clone:"'],
  ['- make test', 'step_bad_shape', 'for a command write { run: … }'],
  ['- run', 'step_bad_shape', 'for a command write { run: … }'],
  ['- 5', 'step_bad_shape', 'write { type: … } or { <type>: … }'],
  ['- [a]', 'step_bad_shape', 'write { type: … } or { <type>: … }'],
  [
    '- { run: a, name: b }',
    'step_bad_shape',
    'put the other keys under "run", one level deeper, or write type: run and command: …',
  ],
  [
    '- { clone: , depth: 1 }',
    'step_bad_shape',
    'put the other keys under "clone", one level deeper, or write type: clone',
  ],
  [
    '- { a: b, c: d }',
    'step_bad_shape',
    'write type: and one of: run, clone, save_to_workspace, restore_workspace, save_cache, restore_cache',
  ],
  [
    '- { type: 1, a: b }',
    'step_bad_shape',
    'write one of: run, clone, save_to_workspace, restore_workspace, save_cache, restore_cache',
  ],
  ['- { type: checkout }', 'step_unknown_type', 'did you mean "clone"?'],
  ['- savecache: {}', 'step_unknown_type', 'did you mean "save_cache"?'],
  [
    '- toString: {}',
    'step_unknown_type',
    'the steps are: run, clone, save_to_workspace, restore_workspace, save_cache, restore_cache',
  ],
  ['- run: 5', 'step_bad_shape', 'a command is a string: put it in quotes'],
  ['- run: [a]', 'step_bad_shape', 'a command is a string: put it in quotes'],
]
test.each(badShapes)('%s is no step', async (steps, code, hint) => {
  expect((await parseText(stepsWith(steps))).problems).toMatchObject([{ code, hint }])
})

test.each(['run: { type: clone, command: ls }', 'run: { Type: clone, command: ls }', 'clone: { type: 5 }'])(
  'a type that differs from the one above it is an error: %s',
  async (step) => {
    const { config, problems } = await parseText(stepsWith(`- ${step}`))
    expect(config).toBeNull()
    const type = step.split(':')[0]
    expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'step_bad_shape', message: `run "run" task "task" steps[0]: the type of the step is "${type}" already` },
    ])
  },
)

test('a type that repeats the one above it is fine', async () => {
  expect(await stepsOf('- run: { type: run, command: make }')).toEqual([run])
  expect(await stepsOf('- run: { type: , command: make }')).toEqual([run])
})

test('a step other than run takes no text', async () => {
  expect((await parseText(stepsWith('- clone: text'))).problems).toMatchObject([
    { code: 'step_bad_shape', message: 'run "run" task "task" steps[0]: "clone" must be an object' },
  ])
})

test('a when of a step is checked, but has no effect', async () => {
  const { config, problems } = await parseText(
    stepsWith("- run: { command: a, when: { branch: '/(/' } }\n- clone: { when: { branch: x } }\n- clone: { when: }"),
  )
  expect(config).toBeNull()
  expect(problems.map(brief)).toEqual([
    'warning step_when_ignored 6:32 runs[0].tasks[0].steps[0].run.when',
    'error when_bad_regexp 6:48 runs[0].tasks[0].steps[0].run.when.branch',
    'warning step_when_ignored 7:22 runs[0].tasks[0].steps[1].clone.when',
  ])
})
