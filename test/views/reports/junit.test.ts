import { expect, test } from 'vitest'
import { type ReadTail, renderJunit } from '../../../src/views/reports/junit.ts'
import { type ARun, reportRuns } from './a-report.ts'
import { elementsOf, parseXml, type XmlElement } from './xml-elements.ts'

const noTail: ReadTail = async () => ({ lines: [], cut: false })

async function junit(run: ARun, readTail: ReadTail = noTail): Promise<XmlElement> {
  return parseXml((await Array.fromAsync(renderJunit(reportRuns(run), readTail))).join(''))
}

const cases = (root: XmlElement) =>
  elementsOf(root, 'testcase').map(({ attributes, children }) => [
    attributes.classname,
    attributes.name,
    ...children
      .filter(({ name }) => name !== 'system-out')
      .map(({ name, attributes: { message } }) => `${name}: ${message}`),
  ])

test('a task is a suite and a step a case, with names, times and counts', async () => {
  const root = await junit({
    tasks: {
      build: {
        start: 100,
        end: 2350,
        steps: [
          { name: 'compile', start: 200, end: 1700 },
          { name: 'link', start: 1700, end: 2300 },
        ],
      },
      lint: { start: 100, end: 300, steps: [{ name: 'check', start: 200, end: 300 }] },
    },
    end: 2400,
  })
  expect(root.attributes).toEqual({
    name: 'agola',
    tests: '3',
    failures: '0',
    errors: '0',
    skipped: '0',
    time: '2.400',
  })
  expect(elementsOf(root, 'testsuite').map(({ attributes }) => attributes)).toEqual([
    {
      name: 'checks / build',
      tests: '2',
      failures: '0',
      errors: '0',
      skipped: '0',
      time: '2.250',
      timestamp: '1970-01-01T00:00:01',
    },
    {
      name: 'checks / lint',
      tests: '1',
      failures: '0',
      errors: '0',
      skipped: '0',
      time: '0.200',
      timestamp: '1970-01-01T00:00:01',
    },
  ])
  expect(elementsOf(root, 'testcase').map(({ attributes }) => attributes.time)).toEqual(['1.500', '0.600', '0.100'])
})

test('a failed step is a failure with its last lines, and the steps after it are skipped', async () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
  const run: ARun = {
    tasks: {
      unit: {
        start: 0,
        end: 900,
        status: 'failed',
        steps: [{ name: 'test', start: 0, end: 800, phase: 'failed', exitStatus: 3 }],
        unreached: ['publish'],
      },
    },
    result: 'failed',
  }
  const root = await junit(run, async ({ step }) => ({ lines: step === 0 ? lines : [], cut: true }))
  expect(cases(root)).toEqual([
    ['checks.unit', 'test', 'failure: exit code 3'],
    ['checks.unit', 'publish', 'skipped: not reached'],
  ])
  expect(elementsOf(root, 'failure')[0]?.text).toBe(['exit code 3', ...lines.slice(-20)].join('\n'))
  expect(elementsOf(root, 'system-out')[0]?.text).toBe(['… earlier output is left out', ...lines].join('\n'))
})

test('a log whose end is missing says so, also where nothing is left of it', async () => {
  const cutLog = 'the log of unit/test was cut: 6 B of 9 B are left'
  const steps = [
    { name: 'test', start: 0, end: 4, phase: 'failed' as const, exitStatus: 3, cutLog },
    { name: 'upload', start: 4, end: 8, cutLog: 'the log of unit/upload (4 B) is not there any more' },
  ]
  const run: ARun = { tasks: { unit: { start: 0, end: 9, steps } } }
  const root = await junit(run, async ({ step }) => ({ lines: step === 0 ? ['line'] : [], cut: false }))
  expect(elementsOf(root, 'failure')[0]?.text).toBe(`exit code 3\nline\n… ${cutLog}`)
  expect(elementsOf(root, 'system-out').map(({ text }) => text)).toEqual([
    `line\n… ${cutLog}`,
    '… the log of unit/upload (4 B) is not there any more',
  ])
})

test('a set-up that failed is a case of its own, and an error because no test was wrong', async () => {
  const root = await junit({
    tasks: {
      unit: { start: 0, end: 9, status: 'failed', failError: 'no such image', setup: 'failed', unreached: ['test'] },
    },
    result: 'failed',
  })
  expect(cases(root)).toEqual([
    ['checks.unit', 'setup', 'error: could not run, no such image'],
    ['checks.unit', 'test', 'skipped: not reached'],
  ])
})

test('a task that failed beside its steps has a case that says so', async () => {
  const root = await junit({
    tasks: {
      unit: {
        start: 0,
        end: 9,
        status: 'failed',
        failError: 'executor is gone',
        steps: [{ name: 'test', start: 1, end: 8 }],
      },
    },
    result: 'failed',
  })
  expect(cases(root)).toEqual([
    ['checks.unit', 'test'],
    ['checks.unit', 'task', 'error: executor is gone'],
  ])
})

test('stopped is an error, timed out a failure, skipped and unstarted tasks are skipped', async () => {
  const stopped = [{ name: 'test', start: 1, end: 8, phase: 'stopped' as const, exitStatus: null }]
  const root = await junit({
    tasks: {
      stopped: { start: 0, end: 9, status: 'stopped', steps: stopped },
      slow: { start: 0, end: 9, status: 'failed', timedout: true, steps: stopped },
      skipped: { status: 'skipped', unreached: ['test'] },
      never: { unreached: ['test'] },
    },
    result: 'stopped',
  })
  expect(cases(root)).toEqual([
    ['checks.stopped', 'test', 'error: stopped'],
    ['checks.slow', 'test', 'failure: timed out'],
    ['checks.skipped', 'test', 'skipped: the task was skipped'],
    ['checks.never', 'test', 'skipped: the task did not start'],
  ])
})

test('a task kept by a restart has passed', async () => {
  const root = await junit({ tasks: { build: { status: 'success', unreached: ['compile'] } } })
  expect(cases(root)).toEqual([['checks.build', 'compile']])
  expect(elementsOf(root, 'system-out')[0]?.text).toContain('kept')
})

test('errors of the set-up of a run are told', async () => {
  const root = await junit({ tasks: {}, more: { setupErrors: ['cannot read the config'] } })
  expect(cases(root)).toEqual([['checks', 'set-up', 'error: cannot read the config']])
})

test('names and output that mean something to XML, or nothing at all, leave it well-formed', async () => {
  const nasty = 'a<b>&"\'\x00\x1b[31m\x08\ufffe\ud800]]>\u{1f600}'
  const root = await junit(
    {
      tasks: {
        [nasty]: {
          start: 0,
          end: 9,
          status: 'failed',
          failError: 'two\nlines',
          steps: [{ name: nasty, start: 1, end: 8, phase: 'failed', exitStatus: 1 }],
        },
      },
      result: 'failed',
    },
    async () => ({ lines: [nasty], cut: false }),
  )
  expect(elementsOf(root, 'testcase')[0]?.attributes.name).toBe('a<b>&"\'\ufffd]]>\u{1f600}')
  expect(elementsOf(root, 'failure')[0]?.attributes.message).toBe('exit code 1, two\nlines')
  expect(elementsOf(root, 'system-out')[0]?.text).toBe('a<b>&"\'\ufffd]]>\u{1f600}')
})

test('the reader of these tests refuses what is not well-formed', () => {
  for (const bad of [
    '<a>',
    '<a></b>',
    '<a x="1" x="2"/>',
    '<a>&nope;</a>',
    '<a>&</a>',
    '<a>\x01</a>',
    '<a/><b/>',
    '<a x=1/>',
  ])
    expect(() => parseXml(bad), bad).toThrow()
})
