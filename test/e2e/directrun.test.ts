import { chmod, readFile, watch } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun, tasksOf } from '../support/local-configs.ts'
import type { LocalMachine, StartOptions } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host']

describe('directrun start', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  const startIn = async (files: Record<string, unknown>, args: string[] = [], options: StartOptions = {}) =>
    machine.run([...start, ...args], { directory: await machine.repository(files), ...options })

  const two = oneRun({
    build: { steps: [{ clone: null }, { type: 'run', name: 'make', command: 'echo built' }] },
    test: { steps: ['echo broken; exit 7'], depends: ['build'] },
  })

  it('prints one object at the end with --output json', async () => {
    const directory = await machine.repository(two)
    const { code, stdout, stderr } = await machine.run([...start, '--output', 'json'], { directory })
    expect(code).toBe(1)
    const result = JSON.parse(stdout)
    expect(result).toEqual({
      mode: 'local',
      repo_uuid: await machine.git(directory, 'config', 'agola.repouuid'),
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      ref: 'refs/heads/main',
      exit_code: 1,
      runs: [
        {
          number: 1,
          name: 'ci',
          phase: 'finished',
          result: 'failed',
          tasks: [
            {
              name: 'build',
              status: 'success',
              timedout: false,
              steps: [
                { name: 'clone', type: 'clone', phase: 'success', exit_status: 0 },
                { name: 'make', type: 'run', phase: 'success', exit_status: 0 },
              ],
            },
            {
              name: 'test',
              status: 'failed',
              timedout: false,
              steps: [{ name: 'echo broken; exit 7', type: 'run', phase: 'failed', exit_status: 7 }],
            },
          ],
        },
      ],
    })
    expect(stdout + stderr).not.toContain('\u001b')
  })

  it('prints one event a line with --output ndjson', async () => {
    const { stdout } = await startIn(two, ['--output', 'ndjson'])
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const event of events)
      expect(event).toMatchObject({ v: 1, run: 1, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) })
    const placed = events.map(({ type, task, step }) =>
      [type, task, step].filter((word) => word !== undefined).join(' '),
    )
    // How often a step's own messages come is theirs to say.
    const seen = placed.filter((text) => !/^step_output \w+ (setup|clone)$/.test(text))
    expect(seen.filter((text) => / build/.test(text))).toEqual([
      'task_started build',
      'step_started build setup',
      'step_finished build setup',
      'step_started build clone',
      'step_finished build clone',
      'step_started build make',
      'step_output build make',
      'step_finished build make',
      'task_finished build',
    ])
    expect(seen.filter((text) => / test/.test(text))).toEqual([
      'task_started test',
      'step_started test setup',
      'step_finished test setup',
      'step_started test echo broken; exit 7',
      'step_output test echo broken; exit 7',
      'step_finished test echo broken; exit 7',
      'task_finished test',
    ])
    expect([seen[0], seen.at(-1)]).toEqual(['run_created', 'run_finished'])
    expect(events.at(-1)).toMatchObject({ phase: 'finished', result: 'failed' })
  })

  it('gives each event of --output ndjson exactly its fields, and no colours', async () => {
    const files = oneRun({
      a: { steps: ['printf "\\033[31mred\\033[0m \\377\\n"'] },
      b: { steps: ['true'], approval: true },
    })
    const environment = { FORCE_COLOR: '1' }
    const { stdout } = await startIn(files, ['--output', 'ndjson', '--approve-all'], { environment })
    expect(stdout).not.toContain('\u001b')
    const fields: Record<string, string> = {}
    for (const line of stdout.trimEnd().split('\n')) {
      const event = JSON.parse(line)
      fields[event.type] = Object.keys(event).sort().join(' ')
    }
    expect(fields).toMatchInlineSnapshot(`
      {
        "approval_required": "run task task_id time type v",
        "run_created": "group name phase run setup_errors tasks time type v",
        "run_finished": "duration_ms phase result run time type v",
        "step_finished": "duration_ms exit_status phase run step step_index task task_id time type v",
        "step_output": "data encoding run step step_index task task_id time type v",
        "step_started": "run step step_index step_type task task_id time type v",
        "task_finished": "duration_ms fail_error run status task task_id time timedout type v",
        "task_started": "run task task_id time type v",
      }
    `)
  })

  it('closes with the failing step, its last lines and what to do next', async () => {
    const { stdout, stderr } = await startIn(two)
    expect(stdout).toMatch(/^\[build\/make\] built$/m)
    expect(stdout).toMatch(/^\[test\/echo broken; exit 7\] broken$/m)
    const summary = stderr.slice(stderr.lastIndexOf('run 1 ci'))
    for (const text of ['build', 'success', 'exit code 7', 'broken', 'directrun logs 1', 'directrun restart 1'])
      expect(summary).toContain(text)
  })

  it.each([
    ['success', oneRun({ a: { steps: ['true'] } }), [], 0],
    ['a failed task', oneRun({ a: { steps: ['false'] } }), [], 1],
    ['a failed task that may fail', oneRun({ a: { steps: ['false'], ignore_failure: true } }), [], 0],
    ['a task that runs out of its time', oneRun({ a: { steps: ['sleep 60'], task_timeout_interval: '1s' } }), [], 1],
    ['a time limit of the invocation', oneRun({ a: { steps: ['sleep 60'] } }), ['--timeout', '1s'], 4],
    ['an approval that nobody can give', oneRun({ a: { steps: ['true'], approval: true } }), [], 4],
    ['nothing that matches', oneRun({ a: { steps: ['true'] } }, { when: { branch: 'other' } }), [], 9],
    [
      'nothing, which was asked for',
      oneRun({ a: { steps: ['true'] } }, { when: { branch: 'other' } }),
      ['--allow-empty'],
      0,
    ],
  ])('ends after %s with the right code', async (_, files, args, code) => {
    const ended = await startIn(files, args)
    expect([ended.code, ended.stderr]).toEqual([code, ended.stderr])
  })

  it('says how to approve when nobody is there to do so', async () => {
    const { stderr } = await startIn(oneRun({ deploy: { steps: ['true'], approval: true } }))
    expect(stderr).toContain('--approve "deploy"')
  })

  it('runs what was approved by flags', async () => {
    const files = oneRun({
      'deploy one': { steps: ['echo one'], approval: true },
      'deploy two': { steps: ['echo two'], approval: true },
    })
    const directory = await machine.repository(files)
    const one = await machine.run([...start, '--approve', 'deploy one'], { directory })
    expect(one.stdout).toContain('] one')
    expect(one.stdout).not.toContain('] two')
    expect(one.code).toBe(4)
    const all = await machine.run([...start, '--approve-all'], { directory })
    expect(all.stdout).toContain('] two')
    expect(all.code).toBe(0)
    const { stdout } = await machine.run(['directrun', 'inspect', '--output', 'json'], { directory })
    expect(stdout).toMatch(/local:\w+@/)
    const inspect = (...args: string[]) => machine.run(['directrun', 'inspect', ...args], { directory })
    const two = await inspect('--task', 'deploy two')
    expect(two.stdout).toMatch(/^✓ deploy two of run 2 ci {2}success\n {2}approval {3}approved by local:\w+@/)
    expect(two.stdout).toMatch(/^ {4}0 {2}echo two {2}success, exit code 0 {2}[\d.]+s {2}from \d{4}-/m)
    const chosen = JSON.parse((await inspect('1', '--task', 'deploy one', '--output', 'json')).stdout)
    expect(chosen).toMatchObject({ number: 1, tasks: [{ name: 'deploy one', approved: true }] })
    expect(chosen.tasks).toHaveLength(1)
    expect(await inspect('--task', 'deploy tow')).toMatchObject({
      code: 8,
      stdout: '',
      stderr: 'agola: the run has no task "deploy tow". Did you mean "deploy two"? It has "deploy one", "deploy two"\n',
    })
  })

  it('goes on after an approval from a second terminal', async () => {
    const gate = join(machine.directory, 'go')
    const directory = await machine.repository(
      oneRun({
        build: { steps: [`until [ -e ${gate} ]; do sleep 0.1; done`] },
        deploy: { steps: ['echo went on'], approval: true },
      }),
    )
    const program = machine.start([...start, '--output', 'ndjson'], { directory })
    await program.event(({ type }) => type === 'approval_required')
    const approve = await machine.run(['directrun', 'approve', '1', 'deploy'], { directory })
    expect([approve.stdout, approve.code]).toEqual(['approved deploy\n', 0])
    await machine.write(machine.directory, { go: '' })
    expect((await program.ended).code).toBe(0)
    expect(program.events.some(({ data }) => String(data).includes('went on'))).toBe(true)
  })

  it('chooses runs by branch, tag and ref', async () => {
    const task = tasksOf({ a: { steps: ['echo ref=$AGOLA_GIT_REF'] } })
    const run = (name: string, when: object) => ({ name, when, tasks: task })
    const directory = await machine.repository({
      '.agola/config.json': {
        runs: [
          run('on main', { branch: 'main' }),
          run('on releases', { tag: '#v.*#' }),
          run('on pull requests', { ref: '#refs/pull/.*#' }),
        ],
      },
    })
    const listed = async (...args: string[]) => (await machine.run([...start, '--list', ...args], { directory })).stdout
    expect(await listed()).toBe('on main\n  a\n')
    expect(await listed('--tag', 'v1')).toBe('on releases\n  a\n')
    expect(await listed('--ref', 'refs/pull/7/head')).toBe('on pull requests\n  a\n')
    const nothing = await machine.run([...start, '--list', '--branch', 'x'], { directory })
    expect(nothing).toMatchObject({
      code: 9,
      stdout: '',
      stderr: expect.stringMatching(/^nothing to run for .*"on main"/),
    })
    const json = await machine.run([...start, '--list', '--branch', 'x', '--output', 'json'], { directory })
    expect(json).toMatchObject({ code: 9, stdout: '{"runs":[]}\n', stderr: nothing.stderr })
    const { stdout } = await machine.run([...start, '--ref', 'refs/pull/7/head'], { directory })
    expect(stdout).toContain('ref=refs/pull/7/head')
  })

  it('runs the runs of one config one after another', async () => {
    const run = (name: string) => ({ name, tasks: tasksOf({ a: { steps: [`echo ${name}`] } }) })
    const files = { '.agola/config.json': { runs: [run('one'), run('two')] } }
    const { stdout, code } = await startIn(files, ['--output', 'ndjson'])
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.filter(({ type }) => /^run_/.test(type)).map(({ type, run: number }) => `${type} ${number}`)).toEqual(
      ['run_created 1', 'run_finished 1', 'run_created 2', 'run_finished 2'],
    )
    const startOfSecond = events.find(({ type, run: number }) => type === 'task_started' && number === 2)
    expect(startOfSecond.time >= events.find(({ type }) => type === 'run_finished').time).toBe(true)
    expect(code).toBe(0)
  })

  it('runs a task with what it needs, and only it when asked', async () => {
    const directory = await machine.repository(two)
    const listed = async (...args: string[]) => (await machine.run([...start, '--list', ...args], { directory })).stdout
    expect(await listed('--task', 'build')).toBe('ci\n  build\n')
    expect(await listed('--task', 'test')).toBe('ci\n  build\n  test  (after build)\n')
    expect(await listed('--task', 'test', '--only')).toBe('ci\n  test\n')
  })

  it('takes variables and secrets from flags, files and the environment', async () => {
    const from = (name: string) => ({ from_variable: name })
    const files = oneRun({
      a: {
        environment: {
          ONE: from('one'),
          TWO: from('two'),
          THREE: from('three'),
          FOUR: from('four'),
          FIVE: from('five'),
        },
        steps: ['echo $ONE-$TWO-$THREE-$FOUR-$FIVE.'],
      },
    })
    const directory = await machine.repository(files)
    await machine.write(machine.directory, { 'vars.yml': 'one: file\ntwo: 2\n', 'more.env': 'three=dotenv\n' })
    const flags = [
      '--var-file',
      '../vars.yml',
      '--var-file',
      '../more.env',
      '--var',
      'one=flag',
      '--var',
      'four',
      '--secret',
      'five=hidden-value',
    ]
    const { stdout, code } = await machine.run([...start, ...flags], { directory, environment: { four: 'outside' } })
    expect(stdout).toContain('flag-2-dotenv-outside-***.')
    expect(code).toBe(0)
    const missing = await machine.run([...start, ...flags.slice(0, -2)], { directory, environment: { four: 'x' } })
    expect(missing.stderr).toContain('--var five=')
    const strict = await machine.run([...start, '--strict-variables'], { directory })
    expect(strict.stderr).toContain('one')
    expect(strict.code).toBe(3)
  })

  it("takes flags from variables and from the user's defaults, restarts too", async () => {
    const directory = await machine.repository(two)
    const environment = { XDG_CONFIG_HOME: join(machine.directory, 'config') }
    const defaults = join(environment.XDG_CONFIG_HOME, 'agola/directrun.yml')
    await machine.write('/', { [defaults]: 'driver: host\nquiet: true\nvar: [SOME=1]\n' })
    const listed = await machine.run(['directrun', 'start'], {
      ...{ directory, environment: { ...environment, AGOLA_DIRECTRUN_LIST: '1' } },
    })
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ci\n {2}build\n {2}test/) })
    for (const command of ['start', 'restart']) {
      const { stdout, stderr, code } = await machine.run(['directrun', command], { directory, environment })
      expect(code, stderr).toBe(1)
      expect(stdout).not.toContain('built')
      expect(stderr).not.toContain('changes nothing')
    }
    const typed = await machine.run(['directrun', 'restart', '--var', 'SOME=2'], { directory, environment })
    expect(typed.stderr).toContain('warning: --var SOME changes nothing: run 2 keeps its variables')
    await machine.write('/', { [defaults]: 'driver: host\nquite: true\n' })
    for (const command of ['start', 'restart']) {
      const { stderr, code } = await machine.run(['directrun', command], { directory, environment })
      expect({ code, stderr }).toEqual({
        ...{ code: 2, stderr: `agola: ${defaults}:2:1 quite is no flag of directrun start; did you mean quiet?\n` },
      })
    }
  })

  it('shows only what failed with --quiet', async () => {
    const { stdout, stderr } = await startIn(two, ['--quiet'])
    expect(stdout).toBe('')
    expect(stderr).toContain('broken')
    expect(stderr).not.toContain('built')
  })

  it('colours nothing in a pipe, all when told so, and stays readable on ten columns', async () => {
    const directory = await machine.repository(two)
    const plain = await machine.run(start, { directory, environment: { COLUMNS: '10' } })
    expect(plain.stdout + plain.stderr).not.toContain('\u001b')
    expect(plain.stdout).toContain('built')
    const coloured = await machine.run([...start, '--color'], { directory })
    expect(coloured.stdout).toContain('\u001b[')
    const none = await machine.run(start, { directory, environment: { NO_COLOR: '1', FORCE_COLOR: '1' } })
    expect(none.stdout + none.stderr).not.toContain('\u001b')
  })

  it('goes on when nobody reads its output any more', async () => {
    const gate = join(machine.directory, 'go')
    const files = oneRun({
      a: { steps: [`until [ -e ${gate} ]; do sleep 0.1; done; yes | head -c 200000; echo done > ${gate}`] },
    })
    const directory = await machine.repository(files)
    const program = machine.start(start, { directory })
    await program.says('[a] started')
    program.closeStdout()
    await machine.write(machine.directory, { go: '' })
    const { code, stderr } = await program.ended
    expect(stderr).toContain('standard output was closed')
    expect(await readFile(gate, 'utf8')).toBe('done\n')
    expect(code).toBe(0)
  })

  it('says on SIGQUIT what goes on, and goes on', async () => {
    const gate = join(machine.directory, 'go')
    const directory = await machine.repository(
      oneRun({
        build: { steps: ['true', { type: 'run', name: 'make', command: `until [ -e ${gate} ]; do sleep 0.1; done` }] },
        deploy: { steps: ['true'], approval: true },
        waits: { steps: ['true'], depends: ['build'] },
      }),
    )
    const program = machine.start([...start, '--output', 'ndjson'], { directory })
    await program.event(({ type, step }) => type === 'step_started' && step === 'make')
    program.signal('SIGQUIT')
    await program.says('deploy: waits for approval: agola directrun approve 1 deploy')
    program.signal('SIGQUIT')
    await machine.run(['directrun', 'approve', '1', 'deploy'], { directory })
    await machine.write(machine.directory, { go: '' })
    const { code, stderr } = await program.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/^agola: run 1 ci: running for [\d.]+s, 0 of 3 tasks over$/m)
    expect(stderr).toMatch(
      /^agola: {3}build: running for [\d.]+s, step 1 \(make\) for [\d.]+s\nagola: {5}look into it with: cd \//m,
    )
    expect(stderr).not.toContain('waits:')
  })

  it('says on SIGQUIT what it does before anything runs', async () => {
    const directory = await machine.repository(two)
    const slow = join(machine.directory, 'slow')
    const script = `#!/bin/sh\n: >${slow}/asked\nuntil [ -e ${slow}/go ]; do sleep 0.1; done\nPATH=$OTHERS exec git "$@"\n`
    await machine.write(slow, { git: script })
    await chmod(join(slow, 'git'), 0o755)
    const changes = watch(slow)
    const { PATH: others = '' } = machine.environment
    const program = machine.start(start, { directory, environment: { PATH: `${slow}:${others}`, OTHERS: others } })
    for await (const { filename } of changes) if (filename === 'asked') break
    program.signal('SIGQUIT')
    await program.says('agola: taking the snapshot of the work tree')
    await machine.write(slow, { go: '' })
    expect((await program.ended).code).toBe(1)
  })

  it('says at Ctrl-\\ between two rounds of a watch what it waits for', async () => {
    const directory = await machine.repository(oneRun({ a: { steps: ['true'] } }))
    const program = machine.startOnTerminal([...start, '--watch', '--no-screen'], { directory })
    await program.shows('r runs now, q quits')
    program.type('\x1c')
    await program.shows('agola: nothing runs; waiting for a change')
    program.type('q')
    expect(await program.ended).toBe(0)
  })

  it('says once what plain processes ignore', async () => {
    const service = { runtime: { containers: [{ image: 'node' }, { image: 'postgres' }] } }
    const { stdout, stderr } = await startIn(
      oneRun({
        a: { steps: ['true'] },
        b: { steps: ['true'], ...service },
        c: { steps: ['true'], ...service, user: 'dev' },
      }),
    )
    expect(`${stdout}${stderr}`.split('\n').filter((line) => /ignored|postgres/.test(line))).toEqual([
      'warning: without containers these are ignored: images (all tasks), services (b, c), users (c)',
    ])
  })

  it('needs no terminal', async () => {
    const { code, stdout } = await startIn(two, [], { through: ['setsid', '--wait'] })
    expect(stdout).toContain('built')
    expect(code).toBe(1)
  })

  it('passes 64 MiB, a line of 13 MB and bytes that are no text', async () => {
    const steps = [
      { type: 'run', name: 'much', command: 'yes 0123456789 | head -c 67108864' },
      { type: 'run', name: 'long', command: "head -c 13000000 /dev/zero | tr '\\0' x" },
      { type: 'run', name: 'binary', command: 'head -c 1000000 /dev/urandom' },
      { type: 'run', name: 'after', command: 'echo; echo fine' },
    ]
    const directory = await machine.repository(oneRun({ a: { steps } }))
    const { code, stdoutBytes, residentBytes } = await machine.run(start, { directory, keepsOutput: false })
    expect(code).toBe(0)
    expect(stdoutBytes).toBeGreaterThan(80_000_000)
    expect(residentBytes).toBeLessThan(300 << 20)
    const log = await machine.run(['directrun', 'logs', '1', '--task', 'a', '--step', '1', '--raw'], { directory })
    expect(log.stdout.length).toBeGreaterThanOrEqual(13_000_000)
  })

  it('leaves the repository as it was, but for its id, and says so', async () => {
    const directory = await machine.repository(two)
    await machine.write(directory, { untracked: 'x' })
    const look = async () => [
      await machine.git(directory, 'status', '--porcelain'),
      await machine.git(directory, 'for-each-ref'),
      await machine.git(directory, 'count-objects'),
      await readFile(join(directory, '.git', 'index'), 'base64'),
    ]
    const config = async () => (await machine.git(directory, 'config', '--local', '--list')).split('\n')
    const [before, configBefore] = [await look(), await config()]
    await machine.run(start, { directory })
    expect(await look()).toEqual(before)
    expect(await config()).toEqual([...configBefore, expect.stringMatching(/^agola\.repouuid=[\da-f-]{36}$/)])
    const { stdout } = await machine.run(['directrun', 'start', '--help'])
    for (const text of [stdout, await readFile('README.md', 'utf8')]) expect(text).toContain('agola.repouuid')
  })
})
