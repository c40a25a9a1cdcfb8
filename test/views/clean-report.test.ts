import { expect, test } from 'vitest'
import { cleanReportJson, cleanReportText } from '../../src/views/clean-report.ts'
import { formatSize } from '../../src/views/format-size.ts'

const report = {
  kinds: [
    { kind: 'pods', count: 1, sizeBytes: null },
    { kind: 'runs', count: 12, sizeBytes: 3_400_000 },
    { kind: 'process data', count: 2, sizeBytes: 0 },
  ],
  notes: ['volume v is in use and stays'],
}

test('cleaning says what went and how much space that was', () => {
  expect(cleanReportText(report, false)).toBe(
    'removed 1 pod\nremoved 12 runs, 3.4 MB\nremoved 2 process data\nnote: volume v is in use and stays\nfreed 3.4 MB\n',
  )
  expect(cleanReportText({ kinds: [], notes: [] }, false)).toBe('nothing to remove\n')
})

test('cleaning that only looks says what would go', () => {
  expect(cleanReportText(report, true)).toMatch(/^would remove 1 pod\n[\s\S]*\nwould free 3\.4 MB\n$/)
  expect(JSON.parse(cleanReportJson(report, true))).toEqual({
    dry_run: true,
    removed: report.kinds.map(({ kind, count, sizeBytes }) => ({ kind, count, size_bytes: sizeBytes })),
    notes: report.notes,
  })
})

test('sizes are rounded for people', () => {
  const sizes = [0, 999, 1000, 9_940, 12_345, 999_499, 999_500, 5e12, 7e16]
  expect(sizes.map(formatSize)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '12 kB',
    '999 kB',
    '1.0 MB',
    '5.0 TB',
    '70000 TB',
  ])
})
