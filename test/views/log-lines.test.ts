import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanText, withoutColour } from '../../src/views/clean-text.ts'
import { LogLines, lineLengthMax } from '../../src/views/log-lines.ts'

function clean(...chunks: (string | Uint8Array)[]): string {
  const lines = new LogLines()
  return chunks.map((chunk) => lines.push(Buffer.from(chunk))).join('') + lines.end()
}

test('lines come out whole, the unfinished one at the end', () => {
  const lines = new LogLines()
  expect(lines.push(Buffer.from('one\ntw'))).toBe('one\n')
  expect(lines.push(Buffer.from('o\n\nthree'))).toBe('two\n\n')
  expect(lines.end()).toBe('three\n')
  expect(lines.end()).toBe('')
})

test('CRLF is LF, and a line that was overwritten shows its last segment', () => {
  expect(clean('a\r\nb\r', '\nc\r\r\n')).toBe('a\nb\nc\n')
  expect(clean('10%\r20%\r100%\ndone\n')).toBe('100%\ndone\n')
  expect(clean('10%\r', '20%\r', '30%\r')).toBe('30%\n')
  expect(clean('10%', '\r20%', '\n')).toBe('20%\n')
  expect(clean('50%\r\x1b[K\n')).toBe('\n')
})

test('colours stay and every other control sequence goes', () => {
  expect(clean('\x1b[31mred\x1b[0m \x1b[2Kerased\x1b[1;1Hmoved\n')).toBe('\x1b[31mred\x1b[0m erasedmoved\n')
  expect(clean('\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n')).toBe('alink\n')
  expect(clean('\x1bPdevice\x1b\\b\x1b(Bc\x07\x00\x7f\td\n')).toBe('bc\td\n')
  expect(clean('never ended \x1b]0;title\nnext\n')).toBe('never ended \nnext\n')
  expect(clean('\u009b2Jx\u0085\n')).toBe('x\n')
})

test('characters and sequences split over pieces are whole again', () => {
  const bytes = Buffer.from('grün 🚀 \x1b[32mok\x1b[0m\r\n')
  for (let at = 0; at <= bytes.length; at += 1) {
    expect(clean(bytes.subarray(0, at), bytes.subarray(at))).toBe('grün 🚀 \x1b[32mok\x1b[0m\n')
  }
})

test('the way in which a log is cut does not change what is shown', () => {
  const piece = fc.constantFrom(
    'a',
    'ü',
    '🚀',
    '\n',
    '\r',
    '\r\n',
    '\x1b[31m',
    '\x1b[2K',
    '\x1b',
    '\x1b]0;t\x07',
    'word ',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(60), { maxLength: 6 }), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''))
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      expect(clean(...chunks)).toBe(clean(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('nothing that a terminal would act upon is left', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(withoutColour(clean(bytes))).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
    }),
    { numRuns: 1000 },
  )
})

test('a line of 13 MB is cut and says how much is missing', () => {
  const lines = new LogLines()
  for (let part = 0; part < 208; part += 1) expect(lines.push(Buffer.alloc(65_536, 'x'))).toBe('')
  const line = lines.push(Buffer.from('end\nnext\n'))
  expect(line.length).toBeLessThan(lineLengthMax + 200)
  expect(line).toContain(`(${208 * 65_536 + 3 - lineLengthMax} more characters in the log)\nnext\n`)
})

test('a long line in the middle of a piece is cut, its neighbours are not', () => {
  const text = clean(`a\n${'y'.repeat(50_000)}\nb\n`)
  expect(text).toBe(`a\n${'y'.repeat(lineLengthMax)} … (${50_000 - lineLengthMax} more characters in the log)\nb\n`)
})

test('a cut never halves a character', () => {
  const text = clean(`${'x'.repeat(lineLengthMax - 1)}🚀🚀\n`)
  expect(text.startsWith(`${'x'.repeat(lineLengthMax - 1)} …`)).toBe(true)
})

test('binary output neither breaks the screen nor the lines around it', () => {
  expect(clean('before\n', new Uint8Array([0xff, 0xfe, 0x00, 0x1b, 0x9b]), '\nafter\n')).toMatch(
    /^before\n[^\x1b]*\nafter\n$/,
  )
})

test('text without anything special is handed on as it is', () => {
  const text = 'one\n\ttwo\nthree\n'
  expect(cleanText(text)).toBe(text)
})
