import { expect, test } from 'vitest'
import { type OtlpAttribute, type ParentSpan, runSpans } from '../../../src/views/reports/otlp-spans.ts'
import { type ARun, reportRun } from './a-report.ts'

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

function spansOf(of: ARun, parent: ParentSpan | null = null, ref = 'refs/heads/main') {
  let last = 0
  const randomHex = (bytes: number) => {
    last += 1
    return last.toString(16).padStart(bytes * 2, '0')
  }
  return runSpans(reportRun(of), {
    facts: { repoUuid: 'repo', commitSha: 'c0ffee', ref },
    parent,
    randomHex,
    resource: { 'deployment.environment': 'test' },
  })
}

const valuesOf = (attributes: OtlpAttribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

test('a run, its tasks and their steps are spans of one trace, with times in nanoseconds and the state of each', () => {
  const { spans } = spansOf(run)
  const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name
  expect(spans.map(({ name, parentSpanId, status }) => [name, nameOf(parentSpanId), status.code])).toEqual([
    ['RUN checks', undefined, 2],
    ['build', 'RUN checks', 1],
    ['setup', 'build', 1],
    ['compile', 'build', 1],
    ['test', 'RUN checks', 2],
    ['setup', 'test', 1],
    ['unit', 'test', 2],
  ])
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  expect(spans.at(-1)).toMatchObject({
    startTimeUnixNano: '2100000000',
    endTimeUnixNano: '2500000000',
    status: { code: 2, message: 'exit code 2' },
  })
})

test('attributes follow the conventions for pipelines', () => {
  const { resource, spans } = spansOf(run)
  expect(valuesOf(resource)).toEqual({
    'service.name': 'agola',
    'deployment.environment': 'test',
    'cicd.pipeline.name': 'checks',
    'cicd.pipeline.run.id': 'repo/1',
    'vcs.ref.head.name': 'main',
    'vcs.ref.head.type': 'branch',
    'vcs.ref.head.revision': 'c0ffee',
  })
  expect(valuesOf(spans[0]?.attributes ?? [])).toMatchObject({
    'cicd.pipeline.action.name': 'RUN',
    'cicd.pipeline.result': 'failure',
    'error.type': 'task_failed',
  })
  expect(valuesOf(spans[4]?.attributes ?? [])).toEqual({
    'cicd.pipeline.task.name': 'test',
    'cicd.pipeline.task.run.id': 'repo/1/test',
    'cicd.pipeline.task.run.result': 'failure',
    'error.type': 'step_failed',
  })
  expect(valuesOf(spans[6]?.attributes ?? [])).toMatchObject({ 'agola.step.index': '0', 'process.exit.code': '2' })
})

test('hangs below the span that the environment names', () => {
  const { spans } = spansOf(run, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceState: 'x=1' })
  expect(spans[0]).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), traceState: 'x=1' })
  expect(spans.every(({ traceId, traceState }) => traceId === 'a'.repeat(32) && traceState === 'x=1')).toBe(true)
})

test('each end of a run and of a task has its word', () => {
  const step = { name: 's', start: 0, end: 5 }
  const resultsOf = (of: ARun) =>
    spansOf(of).spans.map(({ attributes }) => {
      const values = valuesOf(attributes)
      return values['cicd.pipeline.result'] ?? values['cicd.pipeline.task.run.result']
    })
  const words = (of: ARun) => resultsOf(of).filter((word) => word !== undefined)
  expect(words({ tasks: { a: { start: 0, end: 9 } } })).toEqual(['success', 'success'])
  expect(words({ tasks: { a: { start: 0, end: 9, status: 'stopped' } }, result: 'stopped' })).toEqual([
    'cancellation',
    'cancellation',
  ])
  expect(words({ tasks: { a: { start: 0, end: 9, status: 'failed', timedout: true } }, result: 'failed' })).toEqual([
    'timeout',
    'timeout',
  ])
  expect(words({ tasks: { a: { start: 0, end: 9, status: 'failed', setup: 'failed' } }, result: 'failed' })).toEqual([
    'failure',
    'error',
  ])
  expect(
    words({
      tasks: { a: { start: 0, end: 9, status: 'failed', steps: [{ ...step, phase: 'failed', exitStatus: 1 }] } },
      result: 'failed',
    }),
  ).toEqual(['failure', 'failure'])
})

test('a tag is told as one, and another ref by its whole name', () => {
  expect(valuesOf(spansOf(run, null, 'refs/tags/v1').resource)).toMatchObject({
    'vcs.ref.head.name': 'v1',
    'vcs.ref.head.type': 'tag',
  })
  expect(valuesOf(spansOf(run, null, 'refs/pull/7/head').resource)).toMatchObject({
    'vcs.ref.head.name': 'refs/pull/7/head',
  })
})
