import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseQuantity } from '../../../src/engine/config/quantity.ts'

test.each([
  ['0', 0],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  [`${'0'.repeat(39)}7`, 7],
  ['0e40', 0],
  ['-0', 0],
  ['1', 1],
  ['1Gi', 1073741824],
  ['100M', 100000000],
  ['0.5Ki', 512],
  ['1Ki', 1024],
  ['1Mi', 1048576],
  ['1Ti', 1099511627776],
  ['1Pi', 1125899906842624],
  ['0.001Ei', 1152921504606847],
  ['1k', 1000],
  ['1G', 1e9],
  ['1T', 1e12],
  ['1P', 1e15],
  ['0.001E', 1e15],
  ['1e3', 1000],
  ['1E3', 1000],
  ['1e+3', 1000],
  ['1500e-3', 2],
  ['1n', 1],
  ['1u', 1],
  ['1m', 1],
  ['1500m', 2],
  ['2000m', 2],
  ['.5', 1],
  ['5.', 5],
  ['1.1', 2],
  ['-1.1', -2],
  ['+3', 3],
  [' 7 ', 7],
])('%j are %d bytes', (text, bytes) => {
  expect(parseQuantity(text)).toBe(bytes)
})

test.each(['', ' ', '.', '+', 'Gi', '1 Gi', '1gi', '1K', '1kB', '1KiB', '1e', '1e3Ki', '1x', '0x10', '1Gii', 'NaN'])(
  '%j is no quantity',
  (text) => {
    expect(parseQuantity(text)).toBeNull()
  },
)

test('whole numbers are what they are, with any unit of 1024', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), (size) => {
      expect(parseQuantity(`${size}`)).toBe(size)
      expect(parseQuantity(`${size}Mi`)).toBe(size * 1024 * 1024)
    }),
  )
})

test.each(['9007199254740992', '1E', '8Ei', '8Pi', '1'.repeat(41), '1e41', '1e99999999999'])(
  '%s is more than is counted',
  (text) => {
    expect(parseQuantity(text)).toBe(Infinity)
    expect(parseQuantity(`-${text}`)).toBe(-Infinity)
  },
)

test('numbers that would take long to compute count as too large even when they are not', () => {
  expect(parseQuantity(`${'0'.repeat(40)}7`)).toBe(Infinity)
  expect(parseQuantity('0e41')).toBe(Infinity)
})

test('what is next to nothing is a byte', () => {
  expect(parseQuantity('1e-99999999999')).toBe(1)
  expect(parseQuantity(`${'9'.repeat(40)}e-41`)).toBe(1)
  expect(parseQuantity('0e-41')).toBe(0)
})
