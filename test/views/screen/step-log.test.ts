import { expect, test } from 'vitest'
import { ringBytes, StepLog } from '../../../src/views/screen/step-log.ts'
import { StepLogs } from '../../../src/views/screen/step-logs.ts'
import { output, step } from '../progress-events.ts'

/** A log that is stored elsewhere, as the files of a run are. */
class StoredLog {
  readonly log = new StepLog()
  #bytes = Buffer.alloc(0)
  reads = 0

  push(text: string): void {
    const bytes = Buffer.from(text)
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    this.log.push(bytes)
  }

  readonly read = async ({ offset, length }: { offset: number; length: number }) => {
    this.reads += 1
    return this.#bytes.subarray(offset, offset + length)
  }

  async lines(from: number, count: number): Promise<string[]> {
    if (this.log.lines(from, count) === null) await this.log.load(from, this.read)
    return this.log.lines(from, count) ?? []
  }
}

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, index) => `line ${from + index}`)

test('a small log is all in memory, its unfinished line included', () => {
  const log = new StepLog()
  expect([log.lineCount, log.lines(0, 5)]).toEqual([0, []])
  log.push(Buffer.from('one\ntw'))
  expect([log.lineCount, log.lines(0, 5)]).toEqual([2, ['one', 'tw']])
  log.push(Buffer.from('o\n'))
  expect([log.lineCount, log.lines(1, 5)]).toEqual([2, ['two']])
})

test('of a large log the newest lines are in memory under their right numbers', () => {
  const log = new StepLog()
  for (let at = 0; at < 100_000; at += 100) log.push(Buffer.from(`${numbered(at, 100).join('\n')}\n`))
  expect(log.lineCount).toBe(100_000)
  expect(log.lines(99_990, 20)).toEqual(numbered(99_990, 10))
  expect(log.lines(10, 1)).toBeNull()
})

test('older lines are read back from anywhere, by few reads', async () => {
  const stored = new StoredLog()
  for (let at = 0; at < 100_000; at += 100) stored.push(`${numbered(at, 100).join('\n')}\n`)
  for (const from of [0, 1, 999, 1000, 12_345, 55_000, 78_000]) {
    const before = stored.reads
    expect(await stored.lines(from, 50)).toEqual(numbered(from, 50))
    expect(stored.reads - before).toBeLessThanOrEqual(2)
  }
})

test('every line around the place where memory begins can be seen', async () => {
  const stored = new StoredLog()
  for (let at = 0; at < 60_000; at += 50) stored.push(`${numbered(at, 50).join('\n')}\n`)
  let first = 0
  while (stored.log.lines(first, 1) === null) first += 1
  expect(first).toBeGreaterThan(0)
  for (let from = first - 60; from < first + 5; from += 1)
    expect(await stored.lines(from, 40)).toEqual(numbered(from, 40))
})

test('a single line larger than memory neither breaks nor grows', () => {
  const log = new StepLog()
  for (let part = 0; part < 100; part += 1) log.push(Buffer.alloc(ringBytes / 10, 'x'))
  expect(log.lineCount).toBeGreaterThan(0)
  log.push(Buffer.from('\nend\n'))
  expect(log.lines(log.lineCount - 1, 1)).toEqual(['end'])
})

test('one piece larger than memory leaves its end', () => {
  const log = new StepLog()
  log.push(Buffer.from(`${'a\n'.repeat(ringBytes)}last\n`))
  expect(log.lineCount).toBe(ringBytes + 1)
  expect(log.lines(ringBytes, 1)).toEqual(['last'])
})

test('an evicted log knows its length and comes back from where it is stored', async () => {
  const stored = new StoredLog()
  stored.push(`${numbered(0, 5000).join('\n')}\n`)
  stored.log.evict()
  expect(stored.log.lineCount).toBe(5000)
  expect(await stored.lines(4000, 10)).toEqual(numbered(4000, 10))
})

test('only the logs written last keep memory', () => {
  const logs = new StepLogs()
  for (let index = 0; index < 200; index += 1) {
    const event = output('t', step('s', index), 'x\n')
    if (event.type === 'step_output') logs.push(event)
  }
  expect(logs.get({ run: 1, task: 't', step: 199 })?.lines(0, 1)).toEqual(['x'])
  expect(logs.get({ run: 1, task: 't', step: 0 })?.lines(0, 1)).toBeNull()
  expect(logs.get({ run: 1, task: 't', step: 0 })?.lineCount).toBe(1)
})
