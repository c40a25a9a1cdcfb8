import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PageLogs } from '../../src/cli/reports/page-logs.ts'
import { Spool } from '../../src/cli/reports/spool.ts'
import { writeReport } from '../../src/cli/reports/write-report.ts'
import { openReports } from '../../src/cli/reports.ts'
import type { PageChunk } from '../../src/views/reports/page/render-page.ts'
import {
  output,
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskStarted,
} from '../views/progress-events.ts'
import { elementsOf, parseXml } from '../views/reports/xml-elements.ts'

const facts = { repoUuid: 'repo', commitSha: 'c0ffee', ref: 'refs/heads/main' }
const test0 = step('test')
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'agola-report-writer-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

const events = [
  runCreated({ unit: ['test'] }),
  taskStarted('unit'),
  stepStarted('unit', test0),
  output('unit', test0, 'one\n\x1b[31mtwo'),
  stepFinished('unit', test0, 'failed', 1),
  taskFinished('unit', 'failed'),
  runFinished('failed'),
]

async function report(flags: string[], beforeEnd: () => void = () => undefined): Promise<string[]> {
  const reports = await openReports(flags, directory, {})
  for (const event of events) await reports.event(event)
  beforeEnd()
  const problems = await reports.finish(facts)
  await reports.close()
  return problems
}

test('every report that was asked for is written, whole or not at all, and nothing else is left', async () => {
  writeFileSync(join(directory, 'j.xml'), 'old')
  expect(await report(['junit=j.xml', 'html=p.html', 'trace=t.json'])).toEqual([])
  const junit = parseXml(readFileSync(join(directory, 'j.xml'), 'utf8'))
  expect(elementsOf(junit, 'failure')[0]?.text).toBe('exit code 1\none\ntwo')
  expect(JSON.parse(readFileSync(join(directory, 't.json'), 'utf8'))).toHaveProperty('traceEvents')
  const chunk = /<script type="text\/plain" id="c1">(.*?)<\/script>/.exec(
    readFileSync(join(directory, 'p.html'), 'utf8'),
  )?.[1]
  expect(inflateRawSync(Buffer.from(chunk ?? '', 'base64')).toString()).toBe('one\n\x1b[31mtwo\n')
  expect(readdirSync(directory).sort()).toEqual(['j.xml', 'p.html', 't.json'])
})

test('a report that cannot be written at the end is told, and the others are written', async () => {
  mkdirSync(join(directory, 'gone'))
  const problems = await report(['junit=gone/j.xml', 'trace=t.json'], () =>
    rmSync(join(directory, 'gone'), { recursive: true }),
  )
  expect(problems).toEqual([expect.stringContaining('the report junit=gone/j.xml was not written: ENOENT')])
  expect(readdirSync(directory)).toEqual(['t.json'])
})

test('a report that breaks off leaves the old one and no other file', async () => {
  const file = join(directory, 'p.html')
  writeFileSync(file, 'old')
  const pieces = async function* () {
    yield 'x'.repeat(600_000)
    throw new Error('the disk is full')
  }
  await expect(writeReport(file, pieces())).rejects.toThrow('the disk is full')
  expect(readFileSync(file, 'utf8')).toBe('old')
  expect(readdirSync(directory)).toEqual(['p.html'])
})

test('logs that cannot be kept cost the reports that show them, never the run', async () => {
  const spools = join(directory, 'spools')
  const before = process.env.TMPDIR
  process.env.TMPDIR = spools
  const reports = await openReports(['html=p.html', 'trace=t.json'], directory, {})
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  expect(readdirSync(spools)).toEqual([])
  // Closed too early, every write to it fails.
  await reports.close()
  for (const event of events) await reports.event(event)
  expect(await reports.finish(facts)).toEqual([expect.stringContaining('the report html=p.html was not written')])
  expect(readdirSync(directory).sort()).toEqual(['spools', 't.json'])
})

test('of a long log the beginning and the end are kept, in a bounded part of the disk', async () => {
  const spool = await Spool.open(directory)
  expect(readdirSync(directory)).toEqual([])
  const logs = new PageLogs(spool, { stepLengthMax: 1_200_000, lengthMax: 10_000_000, tailChunksMax: 2 })
  const line = (number: number) => `line ${number} ${'x'.repeat(90)}\n`
  const linesMax = 60_000
  for (let start = 1; start <= linesMax; start += 500) {
    const text = Array.from({ length: 500 }, (_, index) => line(start + index)).join('')
    await logs.event(output('unit', test0, text))
  }
  await logs.finish()
  const log = logs.log({ run: 1, task: 'unit', step: 0 })
  if (log === null) throw new Error('no log')
  const textOf = async (chunks: readonly PageChunk[]) => {
    const texts: string[] = []
    for (const chunk of chunks) texts.push(inflateRawSync(await chunk.read()).toString())
    return texts.join('')
  }
  const [head, tail] = [await textOf(log.head), await textOf(log.tail)]
  expect(head.startsWith(line(1))).toBe(true)
  expect(head.length).toBeLessThanOrEqual(1_200_000)
  expect(log.tail).toHaveLength(2)
  expect(tail.endsWith(line(linesMax))).toBe(true)
  const first = linesMax - tail.split('\n').length + 2
  expect(tail.startsWith(line(first))).toBe(true)
  expect(log.dropped).toBe(first - head.split('\n').length)
  await spool.close()
})

test('without a report and without an endpoint nothing is opened', async () => {
  const reports = await openReports([], '/nowhere', {})
  expect(await reports.finish(facts)).toEqual([])
})
