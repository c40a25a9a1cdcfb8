import { expect, test } from 'vitest'
import type { ProgressEvent } from '../../src/engine/model/progress-event.ts'
import { jsonResult } from '../../src/views/json-result.ts'
import { LogTails } from '../../src/views/log-tails.ts'
import { type RunView, reduceRuns } from '../../src/views/run-view.ts'
import { renderSummary, type SummaryOptions } from '../../src/views/summary.ts'
import { textWidth } from '../../src/views/text-width.ts'
import {
  output,
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskStarted,
} from './progress-events.ts'

const unit = step('unit')

function summary(events: ProgressEvent[], options: Partial<SummaryOptions> = {}): string {
  const tails = new LogTails()
  let runs: readonly RunView[] = []
  for (const event of events) {
    tails.push(event)
    runs = reduceRuns(runs, event)
  }
  return renderSummary(runs, {
    color: false,
    width: 0,
    tail: (place, count) => tails.lines(place, count),
    nextCommands: (run, tasks) => [
      { what: 'whole log', command: `logs ${run} ${tasks.map(({ name }) => name).join(', ')}` },
    ],
    ...options,
  })
}

const failing = [
  runCreated({ build: ['compile'], 'unit tests': ['unit'], deploy: [] }),
  taskStarted('build'),
  taskFinished('build'),
  taskStarted('unit tests'),
  stepStarted('unit tests', unit),
  output('unit tests', unit, Array.from({ length: 30 }, (_, line) => `line ${line}\n`).join('')),
  stepFinished('unit tests', unit, 'failed', 2),
  taskFinished('unit tests', 'failed'),
  taskFinished('deploy', 'skipped'),
  runFinished('failed'),
]

test('the end of a failed run is a table, the last ten lines of the failed step and what to type next', () => {
  const tail = Array.from({ length: 10 }, (_, line) => `  │ line ${line + 20}`)
  expect(summary(failing).split('\n')).toEqual([
    '',
    'run 1 checks  failed in 1m 05s',
    '  ✓ build       success       1.5s',
    '  ✗ unit tests  failed        1.5s',
    '  - deploy      skipped',
    '',
    '✗ unit tests/unit: exit code 2',
    ...tail,
    '',
    'whole log: logs 1 unit tests',
    '',
  ])
})

test('a successful run ends with the table', () => {
  expect(summary([runCreated({ a: [] }), taskStarted('a'), taskFinished('a'), runFinished()])).toBe(
    '\nrun 1 checks  success in 1m 05s\n  ✓ a  success       1.5s\n',
  )
})

test('a task that could not run says why, without a step', () => {
  const text = summary([
    runCreated({ a: [] }),
    taskStarted('a'),
    taskFinished('a', 'failed', 'no such image'),
    runFinished('failed'),
  ])
  expect(text).toContain('\n✗ a: no such image\n')
})

test('a set-up error is told instead of tasks', () => {
  const text = summary([runCreated({}, { phase: 'setuperror', setupErrors: ['cyclic'] } as Partial<ProgressEvent>)])
  expect(text).toBe('\nrun 1 checks  set-up error\n  cyclic\n')
})

test('the table keeps to a narrow terminal', () => {
  const events = [runCreated({ ['🚀'.repeat(100)]: [], b: [] }), taskFinished('b'), runFinished()]
  for (const line of summary(events, { width: 40 }).split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(40)
})

test('escapes in logs and names do not reach a summary without colours', () => {
  const text = summary([
    runCreated({ 'a\x1b[31m': ['unit'] }),
    stepStarted('a\x1b[31m', unit),
    output('a\x1b[31m', unit, '\x1b[31mred\x1b[2J\n'),
    stepFinished('a\x1b[31m', unit, 'failed', 1),
    taskFinished('a\x1b[31m', 'failed'),
    runFinished('failed'),
  ])
  expect(text).not.toContain('\x1b')
  expect(text).toContain('│ red\n')
})

test('only the end of a huge log is kept, and nothing of a successful step', () => {
  const tails = new LogTails()
  for (let part = 0; part < 200; part += 1) tails.push(output('a', unit, `${'x'.repeat(65_000)}\n${part}\n`))
  tails.push(output('a', unit, 'no end'))
  expect(tails.lines({ run: 1, task: 'a', step: 0 }, 2)).toEqual(['199', 'no end'])
  tails.push(stepFinished('a', unit))
  expect(tails.lines({ run: 1, task: 'a', step: 0 }, 2)).toEqual([])
})

test('the object of --output json has the promised shape', () => {
  const runs = failing.reduce(reduceRuns, [] as readonly RunView[])
  const facts = { mode: 'local', repoUuid: 'u', commitSha: 'c', ref: 'refs/heads/main', exitCode: 1 } as const
  expect(jsonResult(facts, runs)).toEqual({
    mode: 'local',
    repo_uuid: 'u',
    commit: 'c',
    ref: 'refs/heads/main',
    exit_code: 1,
    runs: [
      {
        number: 1,
        name: 'checks',
        phase: 'finished',
        result: 'failed',
        tasks: [
          {
            name: 'build',
            status: 'success',
            timedout: false,
            steps: [{ name: 'compile', type: 'run', phase: 'notstarted', exit_status: null }],
          },
          {
            name: 'unit tests',
            status: 'failed',
            timedout: false,
            steps: [{ name: 'unit', type: 'run', phase: 'failed', exit_status: 2 }],
          },
          { name: 'deploy', status: 'skipped', timedout: false, steps: [] },
        ],
      },
    ],
  })
})

test('in a narrow terminal the mark alone says how a task went', () => {
  const lines = summary(failing, { width: 16 }).split('\n')
  const rows = lines.filter((line) => /^ {2}[^ │]/.test(line))
  expect(rows.length).toBeGreaterThan(1)
  for (const row of rows) expect(textWidth(row)).toBeLessThanOrEqual(16)
})
