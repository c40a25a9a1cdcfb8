import { describe, expect, it } from 'vitest'
import { parseText, problemsIn, stepsWith, taskWith } from './read-text.ts'

/** What was written, the code, what is shown as found, and what to write instead. */
type Row = [written: string, code: string, found: string | null, hint: string | null]

const types = 'run, clone, save_to_workspace, restore_workspace, save_cache, restore_cache'
const taskKeys =
  'name, runtime, environment, working_dir, shell, user, steps, depends, ignore_failure, approval, when, docker_registries_auth, task_timeout_interval'

/** The first problem is the one that the row is about: what follows from it comes behind. */
const says = (document: (written: string) => string, rows: Row[]) =>
  it.each(rows)('of %s', async (written, code, found, hint) => {
    const { problems } = await parseText(document(written))
    expect(problems.find((problem) => problem.code === code)).toMatchObject({ found, hint })
  })

const container = '{ image: b }'
const runtime = (written: string) => `runs: [{ name: r, tasks: [{ name: t, runtime: ${written} }] }]`

describe('what is found and what to write', () => {
  says(
    (written) => written,
    [
      ['runs: {}', 'wrong_type', 'an empty object', 'write runs: [{ name: …, tasks: [...] }]'],
      ['runs: []', 'no_runs', null, 'write runs: [{ name: …, tasks: [...] }]'],
      ['runs: [null]', 'run_empty', 'null', 'remove it, or write { name: … }'],
      ['runs: [{}]', 'run_name_empty', null, 'write name: …'],
      [`runs: [{ name: ${'n'.repeat(101)} }]`, 'run_name_too_long', '101 bytes', null],
      ['runs: [{ name: a, tasks: [null] }]', 'task_empty', 'null', 'remove it, or write { name: … }'],
      ['runs: [{ name: a, tasks: [{}] }]', 'task_name_empty', null, 'write name: …'],
      [
        'runs: [{ name: a, tasks: [{ name: b }] }]',
        'runtime_missing',
        null,
        'write runtime: { containers: [{ image: … }] }',
      ],
      ['run: []', 'unknown_key', null, 'write "runs", a list'],
      ['tasks: []', 'unknown_key', null, 'write runs: [{ name: …, tasks: … }]'],
      ['jobs: []', 'unknown_key', null, 'write runs: [{ name: …, tasks: … }]'],
      ['environment: {}', 'unknown_key', null, 'write it into the tasks'],
      ['runs: [{ name: a, env: {} }]', 'unknown_key', null, 'a run has none: write "environment" into the tasks'],
      ['runs: [{ name: a, steps: [] }]', 'unknown_key', null, 'write tasks: [{ name: …, runtime: …, steps: … }]'],
      ['runs: [{ name: a, jobs: [] }]', 'unknown_key', null, 'write "tasks"'],
      ['runs: [{ name: a, timeout: 5 }]', 'unknown_key', null, 'write "task_timeout_interval"'],
      ['runs: [{ name: a, depends: [] }]', 'unknown_key', null, 'runs do not depend on each other; tasks do'],
    ],
  )
})

describe('what to write in a runtime', () => {
  says(runtime, [
    ['5', 'wrong_type', 'the number 5', 'write runtime: { containers: [{ image: … }] }'],
    ['{ type: vm }', 'runtime_bad_type', '"vm"', 'write "pod", or leave it out'],
    ['{ containers: [] }', 'runtime_no_containers', null, 'write containers: [{ image: … }]'],
    ['{ arch: x86_64 }', 'runtime_bad_arch', '"x86_64"', 'did you mean "amd64"?'],
    ['{ arch: x64 }', 'runtime_bad_arch', '"x64"', 'did you mean "amd64"?'],
    ['{ arch: AARCH64 }', 'runtime_bad_arch', '"AARCH64"', 'did you mean "arm64"?'],
    ['{ arch: i386 }', 'runtime_bad_arch', '"i386"', 'did you mean "386"?'],
    ['{ arch: x86 }', 'runtime_bad_arch', '"x86"', 'did you mean "386"?'],
    ['{ arch: armv7 }', 'runtime_bad_arch', '"armv7"', 'did you mean "arm"?'],
    ['{ arch: amd46 }', 'runtime_bad_arch', '"amd46"', 'did you mean "amd64"?'],
    ['{ arch: sparc }', 'runtime_bad_arch', '"sparc"', 'leave it out for any'],
    ['{ arch: constructor }', 'runtime_bad_arch', '"constructor"', 'leave it out for any'],
    ['{ image: b }', 'unknown_key', null, 'write containers: [{ image: … }]'],
    ['{ container: {} }', 'unknown_key', null, 'write containers, a list'],
    ['{ environment: {} }', 'unknown_key', null, 'write it into the task or into a container'],
    ['{ containers: [null] }', 'container_empty', 'null', 'write { image: … }'],
    ['{ containers: [{}] }', 'image_empty', null, 'write image: name:tag'],
    [
      '{ containers: [{ auth: x }] }',
      'unknown_key',
      null,
      'write docker_registries_auth into the task, the run or at the top',
    ],
    ['{ containers: [{ env: x }] }', 'unknown_key', null, 'write "environment"'],
    [
      '{ containers: [{ command: x }] }',
      'unknown_key',
      null,
      'write "entrypoint", which replaces what the image starts',
    ],
    [
      '{ containers: [{ name: x }] }',
      'unknown_key',
      null,
      'containers have no names: the first is the main one, the others are reached on localhost',
    ],
  ])
})

describe('what to write as a volume', () => {
  says(
    (written) => runtime(`{ containers: [{ image: b, volumes: [${written}] }] }`),
    [
      ['null', 'volume_empty', 'null', 'write { path: /name, tmpfs: {} }'],
      ['{ tmpfs: {} }', 'volume_no_path', null, 'write path: /name'],
      ['{ path: rel, tmpfs: {} }', 'volume_path_relative', '"rel"', 'did you mean "/rel"?'],
      ['{ path: ././rel, tmpfs: {} }', 'volume_path_relative', '"././rel"', 'did you mean "/rel"?'],
      ['{ path: a/./rel, tmpfs: {} }', 'volume_path_relative', '"a/./rel"', 'did you mean "/a/./rel"?'],
      ['{ path: ~/rel, tmpfs: {} }', 'volume_path_relative', '"~/rel"', '~ is not expanded here'],
      ['{ path: /a, tmpfs: {} }, { path: /a, tmpfs: {} }', 'volume_path_duplicate', '"/a"', null],
      ['{ path: /a, tmpfs: {} }, { path: //./a/, tmpfs: {} }', 'volume_path_duplicate', '"//./a/"', null],
      ['{ path: /b, tmpfs: {} }, { path: /a/../b, tmpfs: {} }', 'volume_path_duplicate', '"/a/../b"', null],
      ...['/', '//', '/a/..'].map((path): Row => {
        const hint = 'write path: /name; it would hide the files of the image'
        return [`{ path: ${path}, tmpfs: {} }`, 'volume_path_root', `"${path}"`, hint]
      }),
      ['{ path: /a }', 'volume_no_config', null, 'write tmpfs: {} or tmpfs: { size: 1Gi }'],
      ['{ path: /a, tmpfs: }', 'volume_no_config', 'null', 'write tmpfs: {} or tmpfs: { size: 1Gi }'],
      ['{ path: /a, tmpfs: 5 }', 'wrong_type', 'the number 5', 'write tmpfs: {} or tmpfs: { size: 1Gi }'],
      ['{ path: /a, tmpfs: { size: -1 } }', 'quantity_negative', 'the number -1', null],
      ...['1E', '1Ei', '8Pi', '9Pi', '1e30', '9007199254740992', '1e41'].map((size): Row => {
        const hint = 'write less than 8Pi, or leave it out for no limit of its own'
        return [`{ path: /a, tmpfs: { size: "${size}" } }`, 'quantity_too_large', `"${size}"`, hint]
      }),
      ['{ path: /a, tmpfs: { size: -1E } }', 'quantity_negative', '"-1E"', null],
      ...Object.entries({
        '1K': '1Ki',
        '1GB': '1Gi',
        '512 Mi': '512Mi',
        '512 m': '512Mi',
        '1.5 gib': '1.5Gi',
        '64mb': '64Mi',
        '100B': '100',
      }).map(([size, meant]): Row => {
        const hint = `did you mean "${meant}"? A size is a number of bytes, or has a unit: 512Mi, 1Gi, 100M`
        return [`{ path: /a, tmpfs: { size: "${size}" } }`, 'quantity_bad', `"${size}"`, hint]
      }),
      [
        '{ path: /a, tmpfs: { size: 1Zi } }',
        'quantity_bad',
        '"1Zi"',
        'write a number of bytes, or with a unit: 512Mi, 1Gi, 100M',
      ],
      [
        '{ path: /a, tmpfs: { size: [1] } }',
        'quantity_bad',
        'a list of 1 item',
        'write a number of bytes, or with a unit: 512Mi, 1Gi, 100M',
      ],
    ],
  )
})

describe('what to write in a task', () => {
  says(taskWith, [
    ['image: x', 'unknown_key', null, 'write runtime: { containers: [{ image: … }] }'],
    ['containers: x', 'unknown_key', null, 'write it into "runtime"'],
    ['arch: x', 'unknown_key', null, 'write it into "runtime"'],
    ['depends_on: x', 'unknown_key', null, 'write "depends"'],
    ['needs: x', 'unknown_key', null, 'write "depends"'],
    ['env: x', 'unknown_key', null, 'write "environment"'],
    ['script: x', 'unknown_key', null, 'write steps: [{ run: … }]'],
    ['run: x', 'unknown_key', null, 'write steps: [{ run: … }]'],
    [
      'services: x',
      'unknown_key',
      null,
      'write further containers into "runtime"; they share the network of the first',
    ],
    ['timeout: x', 'unknown_key', null, 'write "task_timeout_interval"'],
    ['allow_failure: x', 'unknown_key', null, 'write "ignore_failure"'],
    ['volumes: x', 'unknown_key', null, 'write it into a container of "runtime"'],
    ['anything: x', 'unknown_key', null, `a task may have: ${taskKeys}`],
    ['aproval: x', 'unknown_key', null, 'did you mean "approval"?'],
    ["environment: { '': a }", 'environment_name_bad', '""', null],
    ['environment: { A=B: a }', 'environment_name_bad', '"A=B"', null],
    ['environment: { A: 1 }', 'value_bad', 'a number', 'write it in quotes'],
    ['environment: { A: yes }', 'value_bad', 'a boolean', 'write it in quotes'],
    ['environment: { A: }', 'value_bad', 'null', 'write "" for an empty value'],
    ['environment: { A: [x] }', 'value_bad', 'a list of 1 item', 'write one string'],
    ['environment: { A: {} }', 'value_bad', 'an empty object', 'write { from_variable: name }'],
    ['environment: { A: { from_variable: "" } }', 'value_bad', '""', 'write { from_variable: name }'],
    ['environment: { A: { from_variable: x, default: y } }', 'value_bad', null, 'write { from_variable: name }'],
    [
      'task_timeout_interval: 10',
      'duration_tiny',
      'the number 10',
      'a number counts nanoseconds; did you mean "10s" or "10m"?',
    ],
    ['task_timeout_interval: 999ms', 'duration_tiny', '"999ms"', null],
    ['task_timeout_interval: -1s', 'duration_negative', '"-1s"', 'write 0s for no timeout'],
    ...['1e30', '1000000000000000000000'].map(
      (written): Row => [
        `task_timeout_interval: ${written}`,
        'duration_too_long',
        `the number ${Number(written)}`,
        'write 0s for no timeout; the longest one is 292 years',
      ],
    ),
    [
      'task_timeout_interval: 3000000h',
      'duration_too_long',
      '"3000000h"',
      'write 0s for no timeout; the longest one is 292 years',
    ],
    ['task_timeout_interval: 12d', 'duration_bad', '"12d"', 'there are no days; write "288h"'],
    ['task_timeout_interval: 2d', 'duration_bad', '"2d"', 'there are no days; write "48h"'],
    ['task_timeout_interval: 2 days', 'duration_bad', '"2 days"', 'there are no days; write "48h"'],
    ['task_timeout_interval: 1 day', 'duration_bad', '"1 day"', 'there are no days; write "24h"'],
    ['task_timeout_interval: "30"', 'duration_bad', '"30"', 'add a unit: "30s", "30m" or "30h"'],
    [
      'task_timeout_interval: in 2d',
      'duration_bad',
      '"in 2d"',
      'write a string like "90s", "15m" or "1h30m"; "0s" for none',
    ],
    [
      'docker_registries_auth: { r: }',
      'registry_auth_empty',
      'null',
      'write { username: …, password: { from_variable: … } }, or leave the registry out',
    ],
    ['docker_registries_auth: { r: { type: token } }', 'registry_auth_bad_type', '"token"', null],
    ['docker_registries_auth: { r: { usrname: a } }', 'unknown_key', null, 'did you mean "username"?'],
    ['when: text', 'when_bad_shape', '"text"', 'for a branch: when: { branch: "text" }'],
    ['when: 5', 'when_bad_shape', 'the number 5', 'write when: { branch: … }'],
    [
      'when: { branch: 5 }',
      'when_bad_shape',
      'the number 5',
      'write a string, a list of strings, or { include: …, exclude: … }',
    ],
    ['when: { branch: [5] }', 'when_bad_shape', 'the number 5', 'write it in quotes'],
    ['when: { branch: [{}] }', 'when_bad_shape', 'an empty object', 'write one string'],
    ['when: { branch: { foo: a } }', 'when_bad_shape', null, 'it may have: include, exclude'],
    [
      "when: { branch: '/(/' }",
      'when_bad_regexp',
      '"/(/"',
      'the syntax is that of RE2, which has no look-around and no back references',
    ],
    ['when: {}', 'when_never_matches', null, 'leave it out for always'],
    ['when: { branch: { include: [] } }', 'when_never_matches', null, 'leave it out for always'],
    [
      'when: { branch: { exclude: a } }',
      'when_never_matches',
      null,
      'for everything but the excluded ones add include: "#.*#"',
    ],
    ['when: { branches: a }', 'unknown_key', null, 'write "branch"; it takes a list too'],
    ['when: { tags: a }', 'unknown_key', null, 'write "tag"; it takes a list too'],
    ...['event', 'pull_request'].map((key): Row => {
      return [
        `when: { ${key}: a }`,
        'unknown_key',
        null,
        'pull requests are selected by their ref: ref: "#^refs/pull/[0-9]+/head$#"',
      ]
    }),
  ])
})

describe('what to write as a step', () => {
  says(
    (written) => stepsWith(`- ${written}`),
    [
      ['null', 'step_empty', 'null', `write one of: ${types}`],
      ['{}', 'step_empty', 'an empty object', `write one of: ${types}`],
      ['{ type: 5 }', 'step_bad_shape', 'the number 5', `write one of: ${types}`],
      ['clone: { depth: 0 }', 'clone_depth', 'the number 0', 'leave it out for the whole history'],
      ['clone: { depth: x }', 'wrong_type', '"x"', 'write a number such as 1'],
      ['clone: { submodules: true }', 'unknown_key', null, 'write "recurse_submodules"'],
      ['type: run', 'run_no_command', null, 'write { run: … } or { type: run, command: … }'],
      ['run: { command: 5 }', 'wrong_type', 'the number 5', 'write it in quotes: "5"'],
      ['run: { command: 0777 }', 'wrong_type', 'the number 511', 'write it in quotes: "0777"'],
      ['run: "a\\nb"', 'run_name_required', null, 'write name: beside command:'],
      ['run: { command: a, user: x }', 'unknown_key', null, 'write "user" into the task'],
      ['run: { command: a, env: x }', 'unknown_key', null, 'write "environment"'],
      ['run: { command: a, script: x }', 'unknown_key', null, 'write "command"; several lines are one text'],
      ['run: { command: a, commands: x }', 'unknown_key', null, 'write "command"; several lines are one text'],
      ['run: { command: a, working-directory: x }', 'unknown_key', null, 'write "working_dir"'],
      [
        'run: { command: a, image: x }',
        'unknown_key',
        null,
        'all steps of a task run in its first container: write it into runtime.containers',
      ],
      [
        'run: { command: a, when: { branch: a } }',
        'step_when_ignored',
        null,
        'put it on the task, or test the AGOLA_GIT_… variables in the command',
      ],
      ['save_cache:', 'save_cache_no_key', null, 'write key: name-{{ sha256sum "lockfile" }}'],
      ['restore_cache:', 'restore_cache_no_keys', null, 'write keys: [name-{{ sha256sum "lockfile" }}, name-]'],
      ['restore_cache: { key: a, keys: [a] }', 'unknown_key', null, 'write keys, a list'],
      ['save_to_workspace: { contents: [null] }', 'content_empty', 'null', 'write { source_dir: … }'],
      ['script: x', 'step_unknown_type', null, 'did you mean "run"?'],
      ['{ type: command }', 'step_unknown_type', null, 'did you mean "run"?'],
      ['checkout:', 'step_unknown_type', null, 'did you mean "clone"?'],
      ['cache:', 'step_unknown_type', null, 'did you mean "restore_cache"?'],
      ['restore_to_workspace:', 'step_unknown_type', null, 'did you mean "restore_workspace"?'],
      ['save_workspace:', 'step_unknown_type', null, 'did you mean "save_to_workspace"?'],
      ['unknown: x', 'step_unknown_type', null, `the steps are: ${types}`],
    ],
  )
})

describe('what to write in place of another type', () => {
  const task = (written: string) => runtime(`{ containers: [{ image: b }] }, ${written}`)
  const rows: [text: string, hint: string][] = [
    ['5', 'write runs: [{ name: …, tasks: [...] }]'],
    ['runs: { ci: {} }', 'write runs: [{ name: …, tasks: [...] }]'],
    ['runs: [ci]', 'write { name: …, tasks: [...] }'],
    ['runs: [{ name: r, tasks: {} }]', 'write tasks: [{ name: …, runtime: …, steps: [...] }]'],
    ['runs: [{ name: r, tasks: [t] }]', 'write { name: …, runtime: …, steps: [...] }'],
    ['runs: [{ name: [r] }]', 'write one string'],
    [
      'docker_registries_auth: []',
      'write docker_registries_auth: { host: { username: …, password: { from_variable: … } } }',
    ],
    ['docker_registries_auth: { runtime: x }', 'write { username: …, password: { from_variable: … } }'],
    [runtime('busybox'), 'write runtime: { containers: [{ image: … }] }'],
    [runtime('{ containers: { image: x } }'), 'write containers: [{ image: … }]'],
    [runtime('{ containers: [busybox] }'), 'write { image: … }'],
    [
      runtime('{ containers: [{ image: b, entrypoint: [a, b] }] }'),
      'write one string, which is split at spaces: "/bin/server -v"',
    ],
    [runtime('{ containers: [{ image: b, volumes: /a }] }'), 'write volumes: [{ path: /name, tmpfs: {} }]'],
    [runtime('{ containers: [{ image: b, volumes: [/a] }] }'), 'write { path: /name, tmpfs: {} }'],
    [
      runtime('{ containers: [{ image: b, volumes: [{ path: /a, tmpfs: 1Gi }] }] }'),
      'write tmpfs: {} or tmpfs: { size: 1Gi }',
    ],
    [runtime('{ containers: [{ image: b, privileged: 1 }] }'), 'write true or false'],
    [task('environment: [A=1]'), 'write environment: { NAME: value }'],
    [task('Shell: [bash]'), 'write one string, which is split at spaces: "/bin/bash -eu"'],
    [task('depends: { t1: [on_failure] }'), 'write depends: [name, { name: [on_failure] }]'],
    [task('depends: [{ task: t1, conditions: on_failure }]'), 'put it into a list: ["on_failure"]'],
    [task('steps: { run: ls }'), 'write steps: [{ run: … }]'],
    [task('steps: ls'), 'write steps: [{ run: … }]'],
    [stepsWith('- run: { command: ls, tty: "yes" }'), 'write true or false, without quotes'],
    [stepsWith('- clone: { depth: "1" }'), 'write it without quotes: 1'],
    [stepsWith('- clone: { depth: 1.5 }'), 'write a number such as 1'],
    [stepsWith('- clone: true'), 'write { clone: {} }, in YAML "- clone:"'],
    [stepsWith('- save_cache: key'), 'write save_cache: { key: …, contents: [{ source_dir: … }] }'],
    [stepsWith('- restore_cache: key'), 'write restore_cache: { keys: [...] }'],
    [stepsWith('- restore_cache: { keys: {} }'), 'write a list: [...]'],
    [stepsWith('- restore_cache: { keys: a }'), 'put it into a list: ["a"]'],
    [stepsWith('- save_to_workspace: dist'), 'write save_to_workspace: { contents: [{ source_dir: … }] }'],
    [stepsWith('- save_to_workspace: { contents: { source_dir: x } }'), 'write contents: [{ source_dir: … }]'],
    [stepsWith('- save_to_workspace: { contents: [dist] }'), 'write { source_dir: … }'],
    [stepsWith('- restore_workspace: /out'), 'write restore_workspace: { dest_dir: … }'],
    [stepsWith('- restore_workspace: { dest_dir: [a] }'), 'write one string'],
  ]
  it.each(rows)('%s', async (text, hint) => {
    const { problems } = await parseText(text)
    const [problem] = problems.filter(({ code }) => code === 'wrong_type' || code === 'step_bad_shape')
    expect(problem).toMatchObject({ severity: 'error', found: expect.any(String), hint })
  })

  it('says how a command is written that stands in the long form as in the short one', async () => {
    const { problems } = await parseText(stepsWith('- { type: run, run: ls }'))
    expect(problems).toMatchObject([{ code: 'run_no_command' }, { code: 'unknown_key', hint: 'write "command"' }])
  })
})

describe('a message', () => {
  const messages = async (text: string) => (await parseText(text)).problems.map(({ message }) => message)

  const task = (text: string) => `run "run" task "task": ${text}`

  it.each([
    ['depends: [{ task: [never] }]', 'a dependency has no such condition'],
    ['environment: { A: 1 }', '"A" must be a string or { from_variable: name }'],
    ['environment: { A: {} }', '"A" must name a variable'],
    ['environment: { "": a }', 'this is no name of an environment variable'],
    ['environment: { A: { from_variable: x, default: y } }', 'a reference to a variable has no "default"'],
    ['when: { tag: { foo: a } }', 'a condition has no "foo"'],
    ['when: { tag: 5 }', '"tag" is no condition'],
    ['when: { tag: [5] }', 'a condition must be a string'],
    ['when: { tag: "v*" }', '"v*" is compared as it is and is no possible name'],
    ['when: {}', 'this "when" never holds, because it includes nothing'],
    ['USER: me', '"USER" is read as "user"'],
    ['user: me\nUSER: you', '"USER" stands beside "user"'],
    ['User: me\nUSER: you', '"USER" stands beside "User"'],
    ['task_timeout_interval: 1500us', 'the task has to end within 1.5ms'],
    ['docker_registries_auth: { "r:1": }', 'the credentials of registry "r:1" are empty'],
    ['user: 1.10', 'the number 1.1 is read as the text "1.1"'],
  ])('of a task: %j', async (written, message) => {
    expect(await messages(taskWith(written))).toContain(task(message))
  })

  it.each([
    ['null', 'the step is empty'],
    ['5', 'a step must be an object'],
    ['{ type: 5 }', 'the type of a step must be a string'],
    ['{ run: a, name: b }', 'a step with several keys needs a "type"'],
    ['nope:', 'there is no step "nope"'],
    ['run: 5', '"run" must be an object or a command'],
    ['clone: 5', '"clone" must be an object'],
    ['save_cache: { key: }', 'the save_cache step has no key'],
    ['restore_cache: { keys: }', 'the restore_cache step has no keys'],
    ['save_cache: { key: a, contents: [null] }', 'contents[0] is empty'],
    ['run: "a\\nb"', 'a run step whose command has several lines needs a name'],
  ])('of a step: %j', async (written, message) => {
    expect(await messages(stepsWith(`- ${written}`))).toContain(task(message).replace(':', ' steps[0]:'))
  })

  it.each([
    ['', 'the task has no runtime'],
    ['{ type: vm }', 'the type of a runtime is pod'],
    ['{}', 'the runtime has no containers'],
    ['{ containers: [null] }', 'containers[0] is empty'],
    ['{ containers: [{}] }', 'containers[0] has no image'],
    ['{ containers: [{ volumes: [null] }] }', 'volumes[0] is empty'],
    ['{ containers: [{ volumes: [{}] }] }', 'volumes[0] has no path'],
    ['{ containers: [{ volumes: [{ path: a }] }] }', 'the path of volumes[0] is not absolute'],
    [
      '{ containers: [{ volumes: [{ path: /a }, { path: /a }] }] }',
      'another volume of the container is mounted there too',
    ],
    ['{ containers: [{ volumes: [{ path: /a }] }] }', 'volumes[0] has no tmpfs'],
    ['{ containers: [{ volumes: [{ tmpfs: { size: x } }] }] }', 'this is no size'],
    ['{ containers: [{ volumes: [{ tmpfs: { size: -1 } }] }] }', 'a size is not negative'],
  ])('of a runtime: %j', async (written, message) => {
    expect(await messages(runtime(written))).toContain(`run "r" task "t": ${message}`)
  })

  it.each([
    ["{ type: '', arch: '', containers: [{ image: b }] }", []],
    ['{ type: , arch: , containers: [{ image: b, volumes: [{ path: /a, tmpfs: { size: } }] }] }', []],
    ['{ containers: [{ image: b, volumes: [{ path: /a, tmpfs: { size: 0 } }] }] }', []],
    ['{ containers: 5 }', ['wrong_type']],
    ['{ containers: [{ image: [] }] }', ['wrong_type']],
    ['{ containers: [{ image: }] }', ['image_empty']],
    ['{ containers: [{ image: b, volumes: [{ path: [], tmpfs: {} }] }] }', ['wrong_type']],
    ['{ containers: [{ image: b, volumes: [{ path: , tmpfs: {} }] }] }', ['volume_no_path']],
    ['{ containers: [{ image: b, volumes: [5] }] }', ['wrong_type']],
  ])('is said once of each mistake in a runtime, and not of what is left out: %s', async (written, codes) => {
    expect((await parseText(runtime(written))).problems.map(({ code }) => code)).toEqual(codes)
  })

  it('about a type of step points at the type in the long form, and at the key in the short one', async () => {
    expect(await problemsIn(stepsWith('- { type: nope }\n- nope: { a: b }\n- { type: 5 }'))).toEqual([
      'error step_unknown_type 6:21 runs[0].tasks[0].steps[0].type',
      'error step_unknown_type 7:13 runs[0].tasks[0].steps[1].nope',
      'error step_bad_shape 8:21 runs[0].tasks[0].steps[2].type',
    ])
  })

  it('of a key that is given twice says which to keep', async () => {
    const { problems } = await parseText(taskWith('user: me\nUSER: you'))
    expect(problems).toMatchObject([{ code: 'duplicate_key', hint: 'keep one "user"' }])
  })

  it.each([
    ['runs: [{ name: a }, { name: a }]', 'run "a": another run of the file has the name "a"'],
    [
      `runs: [{ name: r, tasks: [{ name: a, runtime: { containers: [${container}] } }, { name: a, runtime: { containers: [${container}] } }] }]`,
      'run "r" task "a": another task of this run has the name "a"',
    ],
    ['runs: [{ name: a, task_timeout_interval: x }]', 'run "a": this is no duration'],
    ['runs: [5]', 'runs[0]: "runs[0]" must be an object'],
    ['runs: [{ name: 5, when: x }]', 'runs[0]: "when" must be an object with branch, tag or ref'],
    [runtime('{ containers: [5] }'), 'run "r" task "t": "containers[0]" must be an object'],
    [taskWith('depends: [[[a]]]'), 'run "run" task "task": this is no dependency'],
    [
      taskWith('docker_registries_auth: { a.b: { foo: x } }'),
      'run "run" task "task": an entry of docker_registries_auth has no "foo"; it is ignored',
    ],
    [stepsWith('- clone: { depth: -3 }'), 'run "run" task "task" steps[0]: the depth of a clone is at least 1'],
    ['RUNS: [{ name: a, TASKS: [null] }]', 'run "a" tasks[0]: the task is empty'],
    ['docker_registries_auth: []\nruns: [{ name: a }]', '"docker_registries_auth" must be an object'],
  ])('names the run, the task and the step that %j is about', async (text, message) => {
    expect(await messages(text)).toContain(message)
  })
})
