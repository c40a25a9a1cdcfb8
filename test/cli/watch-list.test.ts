import { expect, test } from 'vitest'
import { ListLines, ListScreen } from '../../src/cli/watch-list.ts'
import type { ListedRun } from '../../src/views/run-list.ts'

const shown = { output: 'text', color: false, width: 60, now: 10_000 } as const
const json = { ...shown, output: 'json' } as const

function aRun(counter: number, given: Partial<ListedRun> = {}): ListedRun {
  const times = { enqueueTime: 0, startTime: 1_000, endTime: null }
  return { name: 'ci', counter, annotations: {}, phase: 'running', result: 'unknown', ...times, ...given }
}

const over = { phase: 'finished', result: 'failed', endTime: 5_000 } as const
const listing = (...runs: ListedRun[]) => ({ runs, more: false })

test('draws the list over itself, and only when it looks different', () => {
  const screen = new ListScreen()
  expect(screen.next(listing(aRun(2), aRun(1, over)), shown, 20)).toMatch(/^2 .*\n1 .*\n$/)
  expect(screen.next(listing(aRun(2), aRun(1, over)), shown, 20)).toBe('')
  const text = screen.next(listing(aRun(3), aRun(2, over), aRun(1, over)), shown, 20)
  expect(text.replaceAll('\x1b', '^')).toMatch(/^\^\[2A\^\[J3 {2}running .*\n2 {2}failed .*\n1 {2}failed .*\n$/)
})

test('shows no more runs than rows are there, goes back over broken lines, and begins anew on another width', () => {
  const screen = new ListScreen()
  const runs = Array.from({ length: 9 }, (_, index) => aRun(9 - index))
  const first = screen.next(listing(...runs), { ...shown, width: 12 }, 5)
  expect(first.split('\n')).toHaveLength(5)
  expect(first).toContain('older ones: --start 7\n')
  const again = screen.next(listing(aRun(10), ...runs), { ...shown, width: 12 }, 5)
  // Three runs and the hint, each broken in two.
  expect(again.startsWith('\x1b[8A\x1b[J')).toBe(true)
  expect(screen.next(listing(aRun(10), ...runs), { ...shown, width: 40 }, 5).startsWith('\x1b[H\x1b[2J10')).toBe(true)
})

test('writes the list once, then what is new or has changed, oldest first', () => {
  const lines = new ListLines()
  expect(lines.next(listing(), shown)).toBe('no runs\n')
  expect(lines.next(listing(), { ...shown, now: 99_000 })).toBe('')
  expect(lines.next(listing(aRun(2), aRun(1)), shown)).toMatch(/^1 {2}running .*\n2 {2}running .*\n$/)
  expect(lines.next(listing(aRun(2), aRun(1)), { ...shown, now: 99_000 })).toBe('')
  expect(lines.next(listing(aRun(2), aRun(1, over)), shown)).toMatch(/^1 {2}failed .*\n$/)
})

test('tells runs of several repositories apart', () => {
  const lines = new ListLines()
  const of = (repoUuid: string, given = {}) => aRun(1, { repoUuid, workTree: `/src/${repoUuid}`, ...given })
  lines.next(listing(of('a'), of('b')), shown)
  expect(lines.next(listing(of('a'), of('b', over)), shown)).toMatch(/^1 {2}failed {2}\/src\/b {2}ci .*\n$/)
})

test('writes an object for each run as JSON, from the first on', () => {
  const lines = new ListLines()
  expect(lines.next(listing(), json)).toBe('')
  const text = lines.next(listing(aRun(2), aRun(1)), json)
  const objects = text.trimEnd().split('\n')
  expect(objects.map((line) => JSON.parse(line).number)).toEqual([1, 2])
})
