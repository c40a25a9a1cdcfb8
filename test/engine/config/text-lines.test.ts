import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutBytes } from '../../../src/engine/config/cut-bytes.ts'
import { TextLines } from '../../../src/engine/config/text-lines.ts'

const anyText = fc
  .array(fc.constantFrom('a', 'é', '😀', '\n', '\r\n', '\t', ''), { maxLength: 30 })
  .map((parts) => parts.join(''))

describe('lines of a text', () => {
  it('are counted from 1, and columns in characters', () => {
    const lines = new TextLines('a\n😀b\n\nc')
    expect([0, 1, 2, 4, 5, 6, 7, 8].map((offset) => lines.locate(offset))).toEqual([
      { line: 1, column: 1 },
      { line: 1, column: 2 },
      { line: 2, column: 1 },
      { line: 2, column: 2 },
      { line: 2, column: 3 },
      { line: 3, column: 1 },
      { line: 4, column: 1 },
      { line: 4, column: 2 },
    ])
  })

  it('are found again by every offset', () =>
    fc.assert(
      fc.property(anyText, (text) => {
        const lines = new TextLines(text)
        const before = (offset: number) => text.slice(0, offset).split('\n')
        for (let offset = 0; offset <= text.length; offset++) {
          const above = before(offset)
          const expected = { line: above.length, column: [...(above.at(-1) ?? '')].length + 1 }
          expect(lines.locate(offset)).toEqual(expected)
        }
      }),
    ))

  it('are found in one long line without counting from its start each time', () => {
    const lines = new TextLines('a😀'.repeat(100_000))
    const started = performance.now()
    for (let pair = 0; pair < 100_000; pair += 7) {
      expect(lines.locate(pair * 3 + 1)).toEqual({ line: 1, column: pair * 2 + 2 })
    }
    // Half a second; half a minute when the columns are counted anew.
    expect(performance.now() - started).toBeLessThan(8000)
  })

  it('come without their ends', () =>
    fc.assert(
      fc.property(anyText, (text) => {
        const lines = new TextLines(text)
        const expected = text.split('\n').map((line) => line.replace(/\r$/, ''))
        expect(expected.map((_, index) => lines.line(index + 1))).toEqual(expected)
        expect([lines.line(0), lines.line(expected.length + 1)]).toEqual(['', ''])
      }),
    ))

  it('have columns of characters for columns of bytes', () => {
    const lines = new TextLines('x\né😀b\r\n')
    expect([0, 1, 3, 7, 8, 99].map((column) => lines.characterColumn(2, column))).toEqual([1, 1, 2, 3, 4, 4])
    expect(lines.characterColumn(1, 2)).toBe(2)
    expect(lines.characterColumn(9, 5)).toBe(1)
  })
})

describe('the beginning of a text', () => {
  it('has at most so many bytes, and no character is cut', () =>
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, bytesMax) => {
        const cut = cutBytes(text, bytesMax)
        expect(text.startsWith(cut)).toBe(true)
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax)
        const next = [...text.slice(cut.length)][0]
        if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(bytesMax)
      }),
    ))
})
