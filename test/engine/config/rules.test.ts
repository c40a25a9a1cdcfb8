import { expect, test } from 'vitest'
import { parseText, problemsIn, stepsWith, taskWith } from './read-text.ts'

const pod = 'runtime: { containers: [{ image: busybox }] }'

/** Every rule of spec/config.md 9, with the place where its problem is shown. */
const rules: [title: string, text: string, problems: string[]][] = [
  ['V1: an empty document has no runs', '', ['error no_runs 1:1 ']],
  ['V1: null runs', 'runs:', ['error no_runs 1:1 runs']],
  ['V1: an empty list of runs', 'runs: []', ['error no_runs 1:1 runs']],
  ['V1: a document without the key', 'task_timeout_interval: 1h', ['error no_runs 1:1 ']],
  ['V2: a null run', 'runs: [null]', ['error run_empty 1:8 runs[0]']],
  ['V3: a run without a name', 'runs:\n  - tasks: []', ['error run_name_empty 2:5 runs[0]']],
  ['V3: a run with an empty name', "runs:\n  - name: ''", ['error run_name_empty 2:5 runs[0].name']],
  ['V4: a long name of a run', `runs:\n  - name: ${'n'.repeat(101)}`, ['error run_name_too_long 2:11 runs[0].name']],
  ['V5: two runs of one name', 'runs:\n  - name: a\n  - name: a', ['error run_name_duplicate 3:11 runs[1].name']],
  ['V6: a null task', 'runs:\n  - name: a\n    tasks: [null]', ['error task_empty 3:13 runs[0].tasks[0]']],
  [
    'V7: a task without a name',
    `runs:\n  - name: a\n    tasks:\n      - ${pod}`,
    ['error task_name_empty 4:9 runs[0].tasks[0]'],
  ],
  [
    'V8: a long name of a task, in bytes',
    `runs:\n  - name: a\n    tasks:\n      - name: ${'é'.repeat(51)}\n        ${pod}`,
    ['error task_name_too_long 4:15 runs[0].tasks[0].name'],
  ],
  [
    'V9: two tasks of one name',
    `runs:\n  - name: a\n    tasks:\n      - name: t\n        ${pod}\n      - name: t\n        ${pod}`,
    ['error task_name_duplicate 6:15 runs[0].tasks[1].name'],
  ],
  [
    'V10: no runtime',
    'runs:\n  - name: a\n    tasks:\n      - name: t',
    ['error runtime_missing 4:9 runs[0].tasks[0]'],
  ],
  [
    'V10: a null runtime',
    'runs:\n  - name: a\n    tasks:\n      - name: t\n        runtime:',
    ['error runtime_missing 5:9 runs[0].tasks[0].runtime'],
  ],
  [
    'V11: another type of runtime',
    'runs:\n  - name: a\n    tasks:\n      - name: t\n        runtime: { type: vm, containers: [{ image: b }] }',
    ['error runtime_bad_type 5:26 runs[0].tasks[0].runtime.type'],
  ],
  [
    'V12: no containers',
    'runs:\n  - name: a\n    tasks:\n      - name: t\n        runtime: { containers: [] }',
    ['error runtime_no_containers 5:20 runs[0].tasks[0].runtime.containers'],
  ],
  [
    'V12: no key for containers',
    'runs:\n  - name: a\n    tasks:\n      - name: t\n        runtime: {}',
    ['error runtime_no_containers 5:9 runs[0].tasks[0].runtime'],
  ],
  [
    'V13: an unknown arch',
    'runs:\n  - name: a\n    tasks:\n      - name: t\n        runtime: { arch: invalidarch, containers: [{ image: b }] }',
    ['error runtime_bad_arch 5:26 runs[0].tasks[0].runtime.arch'],
  ],
  [
    'V14: a volume of no kind',
    'runs:\n  - name: a\n    tasks:\n      - name: t\n        runtime: { containers: [{ image: b, volumes: [{ path: /a }, { path: /b, tmpfs: }] }] }',
    [
      'error volume_no_config 5:55 runs[0].tasks[0].runtime.containers[0].volumes[0]',
      'error volume_no_config 5:81 runs[0].tasks[0].runtime.containers[0].volumes[1].tmpfs',
    ],
  ],
  [
    'V15: an unknown dependency',
    taskWith('depends: [other]'),
    ['error dependency_missing 5:19 runs[0].tasks[0].depends[0]'],
  ],
  [
    'V18: a dependency given twice',
    `runs:
  - name: a
    tasks:
      - { name: p, ${pod} }
      - { name: q, ${pod}, depends: [p, { p: [on_failure] }] }`,
    ['error dependency_duplicate 5:80 runs[0].tasks[1].depends[1]'],
  ],
  [
    'V19: a clone of depth 0',
    stepsWith('- clone: { depth: 0 }'),
    ['error clone_depth 6:29 runs[0].tasks[0].steps[0].clone.depth'],
  ],
  [
    'V19: a negative depth',
    stepsWith('- { type: clone, depth: -1 }'),
    ['error clone_depth 6:35 runs[0].tasks[0].steps[0].depth'],
  ],
  ['V20: no command', stepsWith('- type: run'), ['error run_no_command 6:13 runs[0].tasks[0].steps[0]']],
  ['V20: an empty command', stepsWith("- run: ''"), ['error run_no_command 6:13 runs[0].tasks[0].steps[0].run']],
  ['V20: a run without anything', stepsWith('- run:'), ['error run_no_command 6:13 runs[0].tasks[0].steps[0].run']],
  [
    'V21: a cache without a key',
    stepsWith('- save_cache:'),
    ['error save_cache_no_key 6:13 runs[0].tasks[0].steps[0].save_cache'],
  ],
  [
    'V21: an empty key',
    stepsWith("- save_cache: { key: '' }"),
    ['error save_cache_no_key 6:27 runs[0].tasks[0].steps[0].save_cache.key'],
  ],
  [
    'V22: a cache without keys',
    stepsWith('- restore_cache: { keys: [] }'),
    ['error restore_cache_no_keys 6:30 runs[0].tasks[0].steps[0].restore_cache.keys'],
  ],
  [
    'V22: an empty key beside another one',
    stepsWith("- restore_cache: { keys: [a, ''] }"),
    ['error restore_cache_empty_key 6:40 runs[0].tasks[0].steps[0].restore_cache.keys[1]'],
  ],
  [
    'V23 to V25: empty credentials',
    `docker_registries_auth: { index.docker.io: }
runs:
  - name: a
    docker_registries_auth: { index.docker.io: }
    tasks:
      - name: t
        ${pod}
        docker_registries_auth: { index.docker.io: }`,
    [
      'error registry_auth_empty 1:27 docker_registries_auth["index.docker.io"]',
      'error registry_auth_empty 4:31 runs[0].docker_registries_auth["index.docker.io"]',
      'error registry_auth_empty 8:35 runs[0].tasks[0].docker_registries_auth["index.docker.io"]',
    ],
  ],
  [
    'V26: several lines and no name',
    stepsWith('- run: |\n    a\n    b'),
    ['error run_name_required 6:18 runs[0].tasks[0].steps[0].run'],
  ],
  [
    'a null container',
    'runs:\n  - name: a\n    tasks:\n      - { name: t, runtime: { containers: [null] } }',
    ['error container_empty 4:44 runs[0].tasks[0].runtime.containers[0]'],
  ],
  [
    'an empty image',
    "runs:\n  - name: a\n    tasks:\n      - { name: t, runtime: { containers: [{ image: ' ' }, {}] } }",
    [
      'error image_empty 4:46 runs[0].tasks[0].runtime.containers[0].image',
      'error image_empty 4:60 runs[0].tasks[0].runtime.containers[1]',
    ],
  ],
  [
    'a null content',
    stepsWith('- save_to_workspace: { contents: [null] }'),
    ['error content_empty 6:45 runs[0].tasks[0].steps[0].save_to_workspace.contents[0]'],
  ],
  [
    'a null step',
    stepsWith('- null\n- {}'),
    ['error step_empty 6:13 runs[0].tasks[0].steps[0]', 'error step_empty 7:13 runs[0].tasks[0].steps[1]'],
  ],
  [
    'an unknown type of credentials',
    taskWith('docker_registries_auth: { r: { type: token } }'),
    ['error registry_auth_bad_type 5:46 runs[0].tasks[0].docker_registries_auth.r.type'],
  ],
  [
    'an unknown condition',
    taskWith('depends: [{ task: [on_sucess] }]'),
    [
      'error dependency_circular 5:9 runs[0].tasks[0].depends',
      'error depend_unknown_condition 5:28 runs[0].tasks[0].depends[0].task[0]',
    ],
  ],
  [
    'a negative duration',
    taskWith('task_timeout_interval: -1s'),
    ['error duration_negative 5:32 runs[0].tasks[0].task_timeout_interval'],
  ],
  [
    'a tiny duration',
    taskWith('task_timeout_interval: 10'),
    ['warning duration_tiny 5:32 runs[0].tasks[0].task_timeout_interval'],
  ],
  [
    'no duration',
    taskWith('task_timeout_interval: 1d'),
    ['error duration_bad 5:32 runs[0].tasks[0].task_timeout_interval'],
  ],
  [
    'a boolean as duration',
    taskWith('task_timeout_interval: true'),
    ['error duration_bad 5:32 runs[0].tasks[0].task_timeout_interval'],
  ],
  [
    'volumes',
    `runs:
  - name: a
    tasks:
      - name: t
        runtime:
          containers:
            - image: b
              volumes:
                - null
                - { tmpfs: {} }
                - { path: rel, tmpfs: {} }
                - { path: /a, tmpfs: { size: -1 } }
                - { path: /a, tmpfs: { size: 1Zi } }
                - { path: /b, tmpfs: { size: true } }`,
    [
      'error volume_empty 9:19 runs[0].tasks[0].runtime.containers[0].volumes[0]',
      'error volume_no_path 10:19 runs[0].tasks[0].runtime.containers[0].volumes[1]',
      'error volume_path_relative 11:27 runs[0].tasks[0].runtime.containers[0].volumes[2].path',
      'error quantity_negative 12:46 runs[0].tasks[0].runtime.containers[0].volumes[3].tmpfs.size',
      'error volume_path_duplicate 13:27 runs[0].tasks[0].runtime.containers[0].volumes[4].path',
      'error quantity_bad 13:46 runs[0].tasks[0].runtime.containers[0].volumes[4].tmpfs.size',
      'error quantity_bad 14:46 runs[0].tasks[0].runtime.containers[0].volumes[5].tmpfs.size',
    ],
  ],
  [
    'names of variables',
    taskWith("environment: { '': a, 'A=B': b, C: c }"),
    [
      'error environment_name_bad 5:24 runs[0].tasks[0].environment[""]',
      'error environment_name_bad 5:31 runs[0].tasks[0].environment["A=B"]',
    ],
  ],
  [
    'values',
    taskWith(
      'environment: { A: 1, B: yes, C: , D: [x], E: {}, F: { from_variable: 1 }, G: { from_variable: x, default: y } }',
    ),
    [
      'error value_bad 5:27 runs[0].tasks[0].environment.A',
      'error value_bad 5:33 runs[0].tasks[0].environment.B',
      'error value_bad 5:38 runs[0].tasks[0].environment.C',
      'error value_bad 5:46 runs[0].tasks[0].environment.D',
      'error value_bad 5:54 runs[0].tasks[0].environment.E',
      'error value_bad 5:78 runs[0].tasks[0].environment.F.from_variable',
      'error value_bad 5:106 runs[0].tasks[0].environment.G.default',
    ],
  ],
]

const volume = '{ path: "/\\0", tmpfs: {} }'
const container = `{ image: "b\\0", user: "u\\0", entrypoint: "e\\0", volumes: [${volume}], environment: { A: "\\0" } }`
const nul: [text: string, paths: string[]][] = [
  [
    taskWith('environment: { A: "x\\0y" }\nworking_dir: "w\\0"\nshell: "s\\0"\nuser: "u\\0"'),
    ['environment.A', 'working_dir', 'shell', 'user'],
  ],
  [
    stepsWith('- run: { command: c, name: "\\0", environment: { A: "\\0" }, working_dir: "\\0", shell: "\\0" }'),
    ['name', 'environment.A', 'working_dir', 'shell'].map((key) => `steps[0].run.${key}`),
  ],
  [
    stepsWith(
      '- restore_workspace: { dest_dir: "\\0" }\n- save_cache: { key: "\\0", contents: [{ source_dir: "\\0", dest_dir: "\\0", paths: ["\\0"] }] }\n- restore_cache: { keys: ["\\0"] }',
    ),
    [
      'steps[0].restore_workspace.dest_dir',
      'steps[1].save_cache.key',
      'steps[1].save_cache.contents[0].source_dir',
      'steps[1].save_cache.contents[0].dest_dir',
      'steps[1].save_cache.contents[0].paths[0]',
      'steps[2].restore_cache.keys[0]',
    ],
  ],
  [
    `runs: [{ name: r, tasks: [{ name: t, runtime: { containers: [${container}] } }] }]`,
    ['image', 'user', 'entrypoint', 'volumes[0].path', 'environment.A'].map((key) => `runtime.containers[0].${key}`),
  ],
]
test.each(nul)(
  'a NUL character is refused wherever an argument, a path or an environment would get it: %j',
  async (text, paths) => {
    const { config, problems } = await parseText(text)
    expect(config).toBeNull()
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['nul_character']))
    expect(problems.map(({ path }) => path.replace('runs[0].tasks[0].', ''))).toEqual(paths)
  },
)

test('a command may have a NUL character in it: it reaches the shell in a file', async () => {
  expect(await problemsIn(stepsWith('- run: "a\\0"\n- run: { command: "a\\0" }'))).toEqual([])
})

test.each(rules)('%s', async (_, text, problems) => {
  const parsed = await problemsIn(text)
  expect(parsed).toEqual(problems)
})

test('a document with errors gives no config, one with warnings does', async () => {
  expect((await parseText('runs: [null]')).config).toBeNull()
  expect(
    (await parseText(taskWith('task_timeout_interval: 10'))).config?.runs[0]?.tasks[0]?.taskTimeoutIntervalMs,
  ).toBe(0.00001)
})

test('a timeout of a second is not too short, and 0s is none', async () => {
  for (const written of ['1s', '0s', '0', '"0"']) {
    expect(await problemsIn(taskWith(`task_timeout_interval: ${written}`))).toEqual([])
  }
})

test('a name of another type is told so once', async () => {
  expect(await problemsIn('runs: [{ name: [a] }]')).toEqual(['error wrong_type 1:16 runs[0].name'])
  expect(await problemsIn('runs: [{ name: }, { name: }]')).toEqual([
    'error run_name_empty 1:10 runs[0].name',
    'error run_name_empty 1:21 runs[1].name',
  ])
})

test('names of exactly a hundred bytes are taken', async () => {
  expect(await problemsIn(`runs:\n  - name: ${'é'.repeat(50)}`)).toEqual([])
})

test('the same task name in two runs, and an arch that is not given, are fine', async () => {
  const run = (name: string) => `  - name: ${name}\n    tasks: [{ name: t, ${pod} }]\n`
  expect(await problemsIn(`runs:\n${run('a')}${run('b')}`)).toEqual([])
})

test('all mistakes of a file are told in one go, in the order of the file', async () => {
  const problems = await problemsIn(`task_timeout_interval: never
runs:
  - tasks:
      - depends: [x]
        steps: [clone]
  - null
`)
  expect(problems).toEqual([
    'error duration_bad 1:24 task_timeout_interval',
    'error run_name_empty 3:5 runs[0]',
    'error task_name_empty 4:9 runs[0].tasks[0]',
    'error runtime_missing 4:9 runs[0].tasks[0]',
    'error dependency_missing 4:19 runs[0].tasks[0].depends[0]',
    'error step_bad_shape 5:17 runs[0].tasks[0].steps[0]',
    'error run_empty 6:5 runs[1]',
  ])
})

test('messages name the run, the task and the step', async () => {
  const messages = async (text: string) => (await parseText(text)).problems.map(({ message }) => message)
  expect(await messages(stepsWith('- run:'))).toEqual(['run "run" task "task" steps[0]: the run step has no command'])
  expect(await messages('runs: [{ name: a, tasks: [null] }]')).toEqual(['run "a" tasks[0]: the task is empty'])
  expect(await messages('runs: [null]')).toEqual(['runs[0]: the run is empty'])
  expect(await messages('')).toEqual(['the config has no runs'])
})

test('beyond a thousand problems the rest is counted', async () => {
  const parsed = await parseText(`runs: [${'null,'.repeat(1500)}]`)
  expect(parsed.problems.length).toBe(1000)
  expect(parsed.moreProblems).toBe(500)
})
