import { expect, test } from 'vitest'
import { checkText, doctorJson, doctorSummary } from '../../src/views/doctor-report.ts'

const good = { name: 'git', status: 'ok' as const, found: 'git version 2.39', hint: '' }
const bad = { name: 'disk', status: 'fail' as const, found: '0.1 GB free', hint: 'free some space' }
const odd = { name: 'clock', status: 'warn' as const, found: 'it is behind', hint: 'set it' }

test('a check is one line, and one more that says how to mend it', () => {
  expect(checkText(good, { color: false })).toBe('OK    git: git version 2.39\n')
  expect(checkText(bad, { color: false })).toBe('FAIL  disk: 0.1 GB free\n      free some space\n')
  expect(checkText(odd, { color: true })).toBe('\x1b[33mWARN\x1b[39m  clock: it is behind\n      set it\n')
})

test('the end says whether it can start', () => {
  expect(doctorSummary([good])).toBe('\nready\n')
  expect(doctorSummary([good, odd])).toBe('\nready, with one warning\n')
  expect(doctorSummary([good, odd, bad])).toBe('\n1 of 3 checks failed: mend these first\n')
})

test('programs get one object', () => {
  expect(JSON.parse(doctorJson([good, bad], 0))).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    ok: false,
    checks: [good, bad],
  })
})
