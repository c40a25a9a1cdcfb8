import { expect, test } from 'vitest'
import { renderChromeTrace, type TraceEvent } from '../../../src/views/reports/chrome-trace.ts'
import { ReportRuns } from '../../../src/views/reports/report-run.ts'
import { type ARun, createdAt, eventsOf, reportRuns } from './a-report.ts'

function traceOf(runs: ReturnType<typeof reportRuns>): TraceEvent[] {
  return (JSON.parse([...renderChromeTrace(runs)].join('')) as { traceEvents: TraceEvent[] }).traceEvents
}

const shown = (events: TraceEvent[]) =>
  events
    .filter(({ ph }) => ph === 'X')
    .map(({ name, tid, ts = 0, dur = 0 }) => [tid, name, ts / 1000 - createdAt, dur / 1000])

const run: ARun = {
  tasks: {
    build: { start: 100, end: 900, steps: [{ name: 'compile', start: 300, end: 850 }] },
    test: {
      start: 1000,
      end: 1500,
      depends: ['build'],
      status: 'failed',
      steps: [{ name: 'unit', start: 1100, end: 1500, phase: 'failed', exitStatus: 2 }],
    },
    skipped: { status: 'skipped' },
  },
  end: 1600,
  result: 'failed',
}

test('a run is a process, a task a thread with what it waited for, its set-up and its steps', () => {
  const events = traceOf(reportRuns(run))
  expect(shown(events)).toEqual([
    [0, 'run 1 checks', 0, 1600],
    [1, 'waiting', 0, 100],
    [1, 'build', 100, 800],
    [1, 'setup', 100, 200],
    [1, 'compile', 300, 550],
    [2, 'waiting', 900, 100],
    [2, 'test', 1000, 500],
    [2, 'setup', 1000, 100],
    [2, 'unit', 1100, 400],
  ])
  expect(events.filter(({ name }) => name === 'thread_name').map(({ args }) => args.name)).toEqual([
    'run',
    'build',
    'test',
    'skipped',
  ])
  expect(events.find(({ name }) => name === 'unit')?.args).toEqual({ phase: 'failed', exit_status: 2 })
})

test('waiting for approval is told apart from waiting for a slot', () => {
  const report = new ReportRuns()
  const [created, ...rest] = eventsOf(run)
  if (created !== undefined) report.event(created)
  report.event({ type: 'approval_required', time: createdAt + 930, run: 1, task: { id: 'test', name: 'test' } })
  for (const event of rest) report.event(event)
  expect(shown(traceOf(report.list())).filter(([, name]) => String(name).startsWith('waiting'))).toEqual([
    [1, 'waiting', 0, 100],
    [2, 'waiting', 900, 30],
    [2, 'waiting for approval', 930, 70],
  ])
})

test('steps never leave their task, even when the clocks of two machines disagree', () => {
  const steps = [{ name: 'early', start: 50, end: 2000 }]
  const [, , , early] = shown(
    traceOf(reportRuns({ tasks: { build: { start: 100, end: 900, steps } }, end: 1000 })),
  ).slice(-4)
  expect(early).toEqual([1, 'early', 100, 800])
})

test('a run that was cut off ends with the last that is known of it', () => {
  const report = new ReportRuns()
  for (const event of eventsOf(run).slice(0, 3)) report.event(event)
  expect(shown(traceOf(report.list())).map(([, name, , duration]) => [name, duration])).toContainEqual(['build', 0])
})

test('no run at all is an empty trace', () => {
  expect(traceOf([])).toEqual([])
})
