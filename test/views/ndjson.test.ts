import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NdjsonLines } from '../../src/views/ndjson.ts'
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

const unit = step('unit')

function parse(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

function bytesOf(lines: Record<string, unknown>[]): Buffer {
  const parts = lines.filter((line) => line.type === 'step_output')
  return Buffer.concat(
    parts.map((line) => Buffer.from(String(line.data), line.encoding === 'base64' ? 'base64' : 'utf8')),
  )
}

test('each event is one line with its version, time, type and place', () => {
  const lines = new NdjsonLines()
  const events = [
    runCreated({ test: ['unit'] }),
    approvalRequired('test'),
    taskStarted('test'),
    stepStarted('test', unit),
    output('test', unit, 'hällo\n'),
    stepFinished('test', unit, 'failed', 4),
    taskFinished('test', 'failed', 'why'),
    runFinished('failed'),
  ]
  const parsed = events.flatMap((event) => parse(lines.write(event)))
  expect(parsed.map((line) => line.type)).toEqual(events.map((event) => event.type))
  expect(parsed.every((line) => line.v === 1 && line.run === 1)).toBe(true)
  expect(parsed[0]).toMatchObject({
    time: '1970-01-01T00:00:01.000Z',
    name: 'checks',
    setup_errors: [],
    tasks: [
      { task_id: 'test', name: 'test', depends: [], status: 'notstarted', steps: [{ name: 'unit', type: 'run' }] },
    ],
  })
  expect(parsed[4]).toMatchObject({ task: 'test', step: 'unit', step_index: 0, data: 'hällo\n', encoding: 'utf-8' })
  expect(parsed[5]).toMatchObject({ phase: 'failed', exit_status: 4, duration_ms: 1000 })
  expect(parsed[6]).toMatchObject({ task: 'test', status: 'failed', timedout: false, fail_error: 'why' })
  expect(parsed[7]).toMatchObject({ phase: 'finished', result: 'failed', duration_ms: 65_000 })
})

test('what is no UTF-8 comes as base64', () => {
  const [line] = parse(new NdjsonLines().write(output('test', unit, new Uint8Array([0xff, 0x00]))))
  expect(line).toMatchObject({ data: '/wA=', encoding: 'base64' })
})

test('a character cut between two pieces stays text', () => {
  const lines = new NdjsonLines()
  const rocket = Buffer.from('🚀')
  expect(lines.write(output('test', unit, rocket.subarray(0, 2)))).toBe('')
  expect(parse(lines.write(output('test', unit, rocket.subarray(2))))).toMatchObject([
    { data: '🚀', encoding: 'utf-8' },
  ])
})

test('half a character at the end of a step is not lost', () => {
  const lines = new NdjsonLines()
  lines.write(output('test', unit, Buffer.from('🚀').subarray(0, 3)))
  expect(parse(lines.write(stepFinished('test', unit)))).toMatchObject([
    { type: 'step_output', encoding: 'base64' },
    { type: 'step_finished' },
  ])
})

test('every byte of a log comes out once, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 }), (chunks) => {
      const lines = new NdjsonLines()
      const text = chunks.map((chunk) => lines.write(output('test', unit, chunk))).join('')
      const parsed = parse(text + lines.write(stepFinished('test', unit)))
      expect(bytesOf(parsed)).toEqual(Buffer.concat(chunks))
    }),
  )
})

test('a large piece becomes lines of bounded length', () => {
  const data = 'ü'.repeat(500_000)
  const parsed = parse(new NdjsonLines().write(output('test', unit, data)))
  expect(parsed.length).toBeGreaterThan(10)
  expect(Math.max(...parsed.map((line) => JSON.stringify(line).length))).toBeLessThan(70_000)
  expect(bytesOf(parsed).toString()).toBe(data)
})

test('a pause tells the exit code and its end', () => {
  const lines = new NdjsonLines()
  const [paused, resumed] = parse(
    [taskPaused('test', unit), taskResumed('test', unit)].map((e) => lines.write(e)).join(''),
  )
  const place = { task: 'test', task_id: 'test', step: 'unit', step_index: 0 }
  expect(paused).toMatchObject({ type: 'task_paused', ...place, exit_status: 3, until: '1970-01-01T00:01:03.000Z' })
  expect(resumed).toMatchObject({ type: 'task_resumed', ...place })
})
