import { expect, test } from 'vitest'
import type { ProgressEvent } from '../../src/engine/model/progress-event.ts'
import { PlainLines, type PlainLinesOptions } from '../../src/views/plain-lines.ts'
import {
  approvalRequired,
  output,
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskPaused,
  taskResumed,
  taskStarted,
} from './progress-events.ts'

const plain: PlainLinesOptions = { color: false, width: 0, approvalHint: (run, task) => `approve ${run} ${task}` }

function print(events: ProgressEvent[], options: Partial<PlainLinesOptions> = {}) {
  const lines = new PlainLines({ ...plain, ...options })
  const texts = events.map((event) => lines.write(event))
  return { stdout: texts.map((text) => text.stdout).join(''), stderr: texts.map((text) => text.stderr).join('') }
}

const compile = step('compile')
const whole = [
  runCreated({ build: ['compile'], test: ['unit'] }),
  taskStarted('build'),
  stepStarted('build', compile),
  output('build', compile, 'one\ntw'),
  output('build', compile, 'o'),
  stepFinished('build', compile),
  taskFinished('build'),
  taskFinished('test', 'skipped'),
  runFinished(),
]

test('output goes to standard output behind task and step, everything else to standard error', () => {
  expect(print(whole)).toEqual({
    stdout: '[build/compile] one\n[build/compile] two\n',
    stderr: [
      'run 1 checks: 2 tasks',
      '[build] started',
      '[build/compile] done after 1.0s',
      '[build] success after 1.5s',
      '[test] skipped',
      'run 1 checks: success after 1m 05s',
      '',
    ].join('\n'),
  })
})

test('failures say why', () => {
  const { stderr } = print([
    runCreated({ build: ['compile'] }),
    stepStarted('build', compile),
    stepFinished('build', compile, 'failed', 2),
    taskFinished('build', 'failed', 'out of memory'),
    runFinished('failed'),
  ])
  expect(stderr).toContain('[build/compile] failed with exit code 2 after 1.0s\n')
  expect(stderr).toContain('[build] failed after 1.5s: out of memory\n')
})

test('lines of tasks that run at the same time never mix', () => {
  const unit = step('unit')
  const { stdout } = print([
    runCreated({ build: ['compile'], test: ['unit'] }),
    stepStarted('build', compile),
    stepStarted('test', unit),
    output('build', compile, 'bui'),
    output('test', unit, 'tes'),
    output('build', compile, 'ld\n'),
    output('test', unit, 't\n'),
  ])
  expect(stdout).toBe('[build/compile] build\n[test/unit] test\n')
})

test('colours of a step stay inside its lines and go on behind the next prefix', () => {
  const { stdout } = print(
    [
      runCreated({ build: ['compile'] }),
      stepStarted('build', compile),
      output('build', compile, '\x1b[31mred\nstill\x1b[39m\nplain\n'),
    ],
    { color: true },
  )
  const prefix = '\x1b[36m[build/compile]\x1b[39m '
  expect(stdout).toBe(`${prefix}\x1b[31mred\x1b[0m\n${prefix}\x1b[31mstill\x1b[39m\n${prefix}plain\n`)
})

test('without colours no escape is left, neither ours nor the step’s', () => {
  const coloured = output('build', compile, '\x1b[1;31mred\x1b[0m\n')
  const { stdout, stderr } = print([...whole.slice(0, 3), coloured, ...whole.slice(3)])
  expect(stdout + stderr).not.toContain('\x1b')
  expect(stdout).toContain('[build/compile] red\n')
})

test('a name that would act on the terminal or is 300 characters long becomes a short prefix', () => {
  const name = `\x1b[2J${'🚀'.repeat(300)}\n`
  const events = [runCreated({ [name]: ['s'] }), stepStarted(name, step('s')), output(name, step('s'), 'x\n')]
  const { stdout } = print(events)
  expect(stdout).toMatch(/^\[(🚀){17}…\/s\] x\n$/u)
})

test.each([
  ['n'.repeat(99), 'unit tests', 0, `[${'n'.repeat(25)}…/unit tests]`],
  ['n'.repeat(99), 's'.repeat(99), 0, `[${'n'.repeat(16)}…/${'s'.repeat(18)}…]`],
  ['build', 's'.repeat(99), 0, `[build/${'s'.repeat(30)}…]`],
  ['n'.repeat(99), 'unit', 40, `[${'n'.repeat(11)}…/unit]`],
])('of the long names %s and %s in %d columns the step is still to be seen', (name, stepName, width, prefix) => {
  const events = [runCreated({ [name]: [stepName] }), stepStarted(name, step(stepName))]
  expect(print([...events, output(name, step(stepName), 'x\n')], { width }).stdout).toBe(`${prefix} x\n`)
})

test('on ten columns the prefix leaves room', () => {
  const { stdout } = print([...whole.slice(0, 3), output('build', compile, 'x\n')], { width: 10 })
  expect(stdout).toBe('[b…] x\n')
})

test('quiet leaves out what steps print and keeps how they went', () => {
  const { stdout, stderr } = print(whole, { quiet: true })
  expect(stdout).toBe('')
  expect(stderr).not.toMatch(/started|done/)
  expect(stderr).toContain('[build] success')
})

test('an approval says what to type', () => {
  expect(print([runCreated({ deploy: [] }), approvalRequired('deploy')]).stderr).toContain(
    '[deploy] waits for approval: approve 1 deploy\n',
  )
})

test('set-up errors are told with the run', () => {
  const event = runCreated({}, { setupErrors: ['task "x" needs "y", which is not there'] } as Partial<ProgressEvent>)
  expect(print([event]).stderr).toBe('run 1 checks cannot start:\n  task "x" needs "y", which is not there\n')
})

test('an unfinished line can be shown early and goes on in a line of its own', () => {
  const lines = new PlainLines(plain)
  for (const event of whole.slice(0, 3)) lines.write(event)
  lines.write(output('build', compile, 'waiting'))
  expect(lines.flush(output('build', compile, '').time + 249)).toBe('')
  expect(lines.flush(output('build', compile, '').time + 250)).toBe('[build/compile] waiting\n')
  expect(lines.flush(100_000)).toBe('')
  expect(lines.write(output('build', compile, ' more\n')).stdout).toBe('[build/compile]  more\n')
})

test('a line that is too long to be shown is one line all the same, however long it takes', () => {
  const lines = new PlainLines(plain)
  for (const event of whole.slice(0, 3)) lines.write(event)
  let text = ''
  for (let part = 0; part < 200; part++) {
    text += lines.write(output('build', compile, 'x'.repeat(65_536), 2_000 + part * 20)).stdout
    text += lines.flush(2_000 + part * 20)
  }
  text += lines.write(output('build', compile, '\nnext\n', 7_000)).stdout
  expect(text).toMatch(/^\[build\/compile\] x+ … \(\d+ more characters in the log\)\n\[build\/compile\] next\n$/)
  expect(text).toContain(`(${200 * 65_536 - 16_384} more`)
})

test('a step that is silent for half a minute says that it still runs, and again after another', () => {
  const lines = new PlainLines(plain)
  for (const event of whole.slice(0, 3)) lines.write(event)
  expect(lines.heartbeat(31_000)).toBe('')
  expect(lines.heartbeat(32_000)).toBe('[build/compile] still running\n')
  expect(lines.heartbeat(40_000)).toBe('')
  lines.write(output('build', compile, 'x\n', 41_000))
  expect(lines.heartbeat(70_000)).toBe('')
  expect(lines.heartbeat(71_000)).toBe('[build/compile] still running\n')
})

test('on GitHub each step is a group, in one stream, and groups of parallel steps do not interleave', () => {
  const unit = step('unit')
  const { stdout, stderr } = print(
    [
      runCreated({ build: ['compile'], test: ['unit'] }),
      stepStarted('build', compile),
      stepStarted('test', unit),
      output('build', compile, 'b1\n'),
      output('test', unit, 't1\n'),
      output('build', compile, 'b2\n'),
      stepFinished('test', unit, 'failed', 1),
      stepFinished('build', compile),
      runFinished('failed'),
    ],
    { groups: 'github' },
  )
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual([
    'run 1 checks: 2 tasks',
    '::group::build/compile',
    '[build/compile] b1',
    '[build/compile] b2',
    '[test/unit] failed with exit code 1 after 1.0s',
    '::error::test/unit failed with exit code 1',
    '::endgroup::',
    '::group::test/unit',
    '[test/unit] t1',
    '::endgroup::',
    '[build/compile] done after 1.0s',
    'run 1 checks: failed after 1m 05s',
    '',
  ])
})

test('a step that prints a lot beside another gets parts of its own, and nothing is held without limit', () => {
  const unit = step('unit')
  const lines = new PlainLines({ ...plain, groups: 'github' })
  for (const event of [runCreated({ a: [], b: [] }), stepStarted('a', compile), stepStarted('b', unit)])
    lines.write(event)
  let printed = lines.write(output('a', compile, 'first\n')).stdout
  let longestSilence = 0
  let silence = 0
  for (let round = 0; round < 100; round += 1) {
    const text = lines.write(output('b', unit, `${'x'.repeat(9999)}\n`)).stdout
    printed += text
    silence = text === '' ? silence + 1 : 0
    longestSilence = Math.max(longestSilence, silence)
  }
  printed += lines.write(stepFinished('b', unit)).stdout + lines.write(runFinished()).stdout
  expect(longestSilence).toBeLessThan(30)
  expect(printed.match(/x{9999}/g)?.length).toBe(100)
  expect(printed.match(/::group::/g)?.length).toBe(printed.match(/::endgroup::/g)?.length)
})

test('on GitLab sections carry their times', () => {
  const { stdout } = print([...whole.slice(1, 3), output('build', compile, 'x\n'), stepFinished('build', compile)], {
    groups: 'gitlab',
  })
  expect(stdout).toContain('\x1b[0Ksection_start:2:agola_1[collapsed=true]\r\x1b[0Kbuild/compile\n[build/compile] x\n')
  expect(stdout).toContain('\x1b[0Ksection_end:3:agola_1\r\x1b[0K\n')
})

test('a pause says what can be done about it', () => {
  const pauseHint = (verb: string, run: number, task: string) => `agola ${verb} ${task} ${run}`
  const begin = [runCreated({ build: ['compile'] }), taskStarted('build'), stepStarted('build', compile)]
  const { stderr } = print([...begin, taskPaused('build', compile), taskResumed('build', compile)], { pauseHint })
  expect(stderr.split('\n').slice(2)).toEqual([
    '[build/compile] failed with exit code 3 and paused: its pod is kept for 1m 00s',
    '  agola shell build 1  opens a shell in it',
    '  agola retry build 1  takes over what was edited here and runs the step again',
    '  agola skip build 1  goes on as if the step had succeeded',
    '  agola continue build 1  lets the failure stand',
    '[build/compile] resumed',
    '',
  ])
})

test('a paused step is not told to be still running', () => {
  const lines = new PlainLines(plain)
  const begin = [runCreated({ build: ['compile'] }), taskStarted('build'), stepStarted('build', compile)]
  for (const event of [...begin, taskPaused('build', compile)]) lines.write(event)
  expect(lines.heartbeat(62_000)).toBe('')
  lines.write(taskResumed('build', compile))
  expect(lines.heartbeat(62_000)).toContain('still running')
})
