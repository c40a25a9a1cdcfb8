import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReportWriter } from '../../../src/cli/reports/report-writer.ts'
import { ChromiumTab } from '../../support/chromium.ts'
import { output, step } from '../progress-events.ts'
import { eventsOf } from './a-report.ts'

const directory = mkdtempSync(join(tmpdir(), 'agola-report-page-'))
const url = pathToFileURL(join(directory, 'p.html')).href
let tab: ChromiumTab

/** A task with a short coloured log, and one with a million lines. */
beforeAll(async () => {
  const file = (name: string) => join(directory, name)
  const targets = [
    { kind: 'html' as const, name: 'p.html', file: file('p.html') },
    { kind: 'junit' as const, name: 'j.xml', file: file('j.xml') },
  ]
  const report = await ReportWriter.open({ targets, otlp: null })
  const events = eventsOf({
    tasks: {
      'unit tests': { start: 0, end: 900, steps: [{ name: 'test', start: 10, end: 800, cutLog: 'it was cut' }] },
      big: { start: 900, end: 2000, depends: ['unit tests'], steps: [{ name: 'noise', start: 950, end: 1900 }] },
    },
    end: 2000,
  })
  for (const event of events) {
    if (event.type === 'step_finished' && event.step.name === 'test') {
      await report.event(output('unit tests', step('test'), 'plain <b>&amp;\n\x1b[31mred \x1b[1mbold'))
      await report.event(output('unit tests', step('test'), '\nstill red\x1b[0m not \x1b[38;2;1;2;3mtrue\n'))
    }
    if (event.type === 'step_finished' && event.step.name === 'noise') {
      for (let start = 1; start <= 1_000_000; start += 1000) {
        const lines = Array.from({ length: 1000 }, (_, index) => `line ${start + index} of many\n`)
        await report.event(output('big', step('noise'), lines.join('')))
      }
    }
    await report.event(event)
  }
  expect(await report.finish({ repoUuid: 'repo', commitSha: 'c0ffee', ref: 'refs/heads/main' })).toEqual([])
  await report.close()
  tab = await ChromiumTab.open()
})

afterAll(async () => {
  await tab?.close()
  rmSync(directory, { recursive: true })
})

const lines = `[...document.querySelectorAll('.l')].map((line) => line.textContent)`
const search = (text: string) =>
  `{ const query = document.getElementById('query'); query.value = ${JSON.stringify(text)}; query.dispatchEvent(new Event('input')) }`
const press = (place: string, key: string) =>
  `document.getElementById('${place}').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true }))`

test('shows the first log that holds something, with its colours, and asks nobody for anything', async () => {
  await tab.goTo(url)
  expect(await tab.until(`document.querySelector('.l .t')?.textContent && ${lines}`)).toEqual([
    '1plain <b>&amp;',
    '2red bold',
    '3still red not true',
    '… it was cut',
  ])
  expect(await tab.evaluate(`document.getElementById('log-lines').textContent`)).toBe('3 lines')
  const looks = `[...document.querySelectorAll('.t span')].map((piece) => [piece.textContent, piece.className, piece.style.color])`
  expect(await tab.evaluate(looks)).toEqual([
    ['red ', 'f1', ''],
    ['bold', expect.stringMatching(/^(f1 b|b f1)$/), ''],
    ['still red', expect.stringMatching(/^(f1 b|b f1)$/), ''],
    ['true', '', 'rgb(1, 2, 3)'],
  ])
  expect(tab.complaints).toEqual([])
})

test('a link leads to a step and a line, and only lines in sight are in the page', async () => {
  await tab.evaluate(`location.hash = '#1/big/0/L500000'`)
  expect(await tab.until(`document.querySelector('.l.sel .t')?.textContent`)).toBe('line 500000 of many')
  expect(await tab.evaluate(`document.getElementById('log-lines').textContent`)).toBe('1,000,000 lines')
  expect(await tab.evaluate(`document.querySelectorAll('.l').length`)).toBeLessThan(200)
  await tab.evaluate(`location.hash = '#1/unit%20tests'`)
  await tab.until(`document.getElementById('log-name').textContent.startsWith('unit')`)
  expect(await tab.until(`${lines}[0] === '1plain <b>&amp;'`)).toBe(true)
})

test('the first and the last of a million lines can be reached, a line at a time too', async () => {
  await tab.evaluate(`location.hash = '#1/big/0'`)
  await tab.until(`document.getElementById('log-name').textContent === 'big › noise'`)
  await tab.evaluate(press('log', 'End'))
  expect(await tab.until(`${lines}.includes('1000000line 1000000 of many')`)).toBe(true)
  await tab.evaluate(press('log', 'Home'))
  expect(await tab.until(`${lines}[0] === '1line 1 of many'`)).toBe(true)
  await tab.evaluate(press('log', 'ArrowDown'))
  expect(await tab.until(`${lines}[0] === '2line 2 of many'`)).toBe(true)
  await tab.evaluate(`document.getElementById('log').scrollTop = 1e9`)
  expect(await tab.until(`${lines}.includes('1000000line 1000000 of many')`)).toBe(true)
})

test('searches all logs, whatever the case, and goes from match to match', async () => {
  const count = `document.getElementById('count').textContent`
  await tab.evaluate(search('LINE 99999'))
  expect(await tab.until(`/lines$/.test(${count}) && ${count}`)).toMatch(/of 11 lines$/)
  await tab.evaluate(press('query', 'Enter'))
  await tab.evaluate(press('query', 'Enter'))
  const hit = `[...document.querySelectorAll('.l.sel mark')].map((mark) => mark.textContent)`
  expect(await tab.until(`${hit}.length > 0 && ${hit}`)).toEqual(['line 99999'])
  await tab.evaluate(search('red bold'))
  expect(
    await tab.until(`/^1 of 1 line$/.test(${count}) && document.querySelector('.l.sel mark') && ${hit}.join('')`),
  ).toBe('red bold')
  expect(await tab.evaluate(`document.getElementById('log-name').textContent`)).toBe('unit tests › test')
  expect(await tab.evaluate(`[...document.querySelectorAll('.hits')].map((badge) => badge.textContent)`)).toEqual(['1'])
  await tab.evaluate(search('nowhere to be found'))
  expect(await tab.until(`${count} === 'not found'`)).toBe(true)
  expect(tab.complaints).toEqual([])
})

test('a browser reads the JUnit report as XML', async () => {
  await tab.goTo(pathToFileURL(join(directory, 'j.xml')).href)
  expect(
    await tab.evaluate(
      `document.querySelectorAll('testcase').length + ' ' + document.querySelectorAll('parsererror').length`,
    ),
  ).toBe('2 0')
})
