import { expect, test } from 'vitest'
import { criticalPath } from '../../../src/views/reports/critical-path.ts'
import { waitPeriod } from '../../../src/views/reports/report-run.ts'
import { type ARun, createdAt, reportRun } from './a-report.ts'

const check = (tasks: ARun['tasks'], expected: string[]) => expect(criticalPath(reportRun({ tasks }))).toEqual(expected)

test('goes back from the task that ended last, always to the parent that ended last', () => {
  check(
    {
      fetch: { start: 0, end: 100 },
      build: { start: 100, end: 900, depends: ['fetch'] },
      lint: { start: 100, end: 300, depends: ['fetch'] },
      test: { start: 900, end: 1500, depends: ['build', 'lint'] },
      docs: { start: 300, end: 1400, depends: ['lint'] },
    },
    ['fetch', 'build', 'test'],
  )
})

test('leads through skipped tasks to what ran before them', () => {
  check(
    {
      build: { start: 0, end: 500 },
      slow: { start: 0, end: 700 },
      maybe: { status: 'skipped', depends: ['build', 'slow'] },
      after: { start: 700, end: 900, depends: ['maybe'] },
    },
    ['slow', 'after'],
  )
})

test('leaves out tasks kept by a restart, and is empty when nothing ran', () => {
  check({ build: { status: 'success' }, test: { start: 0, end: 10, depends: ['build'] } }, ['test'])
  check({ build: { status: 'skipped' } }, [])
  check({}, [])
})

test('a task waits from the end of its last parent to its own start', () => {
  const run = reportRun({
    tasks: {
      build: { start: 20, end: 500 },
      test: { start: 800, end: 900, depends: ['build'] },
      now: { start: 500, end: 900, depends: ['build'] },
      never: { status: 'skipped' },
    },
  })
  const waits = run.tasks.map((task) => waitPeriod(task, run))
  const at = (start: number, end: number) => ({ start: createdAt + start, end: createdAt + end })
  expect(waits).toEqual([at(0, 20), at(500, 800), null, null])
})
