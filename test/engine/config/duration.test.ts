import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  durationFromNanoseconds,
  formatDuration,
  nanosecondsOf,
  parseDuration,
} from '../../../src/engine/config/duration.ts'

test.each([
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['5.s', 5000],
  ['1us', 0.001],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['10ns', 0.00001],
  ['1h1h', 7_200_000],
  ['+2m', 120_000],
  ['-1s', -1000],
  ['0.000000001s', 0.000001],
  ['0.0000000000000000001h', 0],
  ['2562047h', 9_223_369_200_000],
])('%s is %d ms', (text, expected) => {
  expect(parseDuration(text)).toBeCloseTo(expected, 9)
})

test.each([
  '',
  '+',
  '-',
  '10',
  '1.5',
  's',
  '.s',
  '-.s',
  '1d',
  '1w',
  '1 h',
  ' 1h',
  '1h ',
  '1h30',
  '1H',
  '1e3s',
  '--1s',
  '1h-1m',
  '٣s',
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeNull()
})

test.each(['2562048h', `${'9'.repeat(30)}s`, '2562047h1h', `1${'0'.repeat(1000)}h1m`])('%j is too long', (text) => {
  expect(parseDuration(text)).toBe(Infinity)
  expect(parseDuration(`-${text}`)).toBe(-Infinity)
  expect(parseDuration(`${text}1`)).toBeNull()
})

test('numbers are nanoseconds whose fraction is dropped', () => {
  expect(durationFromNanoseconds(20_000_000_000)).toBe(20_000)
  expect(durationFromNanoseconds(10.9)).toBe(0.00001)
  expect(durationFromNanoseconds(-5)).toBe(-0.000005)
  expect(durationFromNanoseconds(1e19)).toBe(Infinity)
  expect(durationFromNanoseconds(-1e19)).toBe(-Infinity)
  expect(durationFromNanoseconds(Number.NaN)).toBeNull()
  expect(durationFromNanoseconds(Number.POSITIVE_INFINITY)).toBeNull()
})

test.each([
  [0, '0s'],
  [999, '999ms'],
  [1000, '1s'],
  [1500.5, '1.5005s'],
  [60_000, '1m0s'],
  [10_000, '10s'],
  [5_400_000, '1h30m0s'],
  [90_500, '1m30.5s'],
  [1, '1ms'],
  [1.5, '1.5ms'],
  [0.001, '1µs'],
  [0.000001, '1ns'],
  [-60_000, '-1m0s'],
  [3_600_000, '1h0m0s'],
])('%d ms is written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('nanoseconds come back unchanged for 24 days', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_147_483_648_000_000 }), (nanoseconds) => {
      expect(nanosecondsOf(durationFromNanoseconds(nanoseconds) ?? Number.NaN)).toBe(nanoseconds)
    }),
  )
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }),
  )
})

test('any text is a duration or none, but never an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.+-nuµmsh ') }), (text) => {
      expect(parseDuration(text)).not.toBeNaN()
    }),
  )
})
