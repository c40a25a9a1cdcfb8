import { expect, test } from 'vitest'
import { LogPrinter, type LogPrinterOptions } from '../../src/views/log-printer.ts'

const plain: LogPrinterOptions = { name: 'build/make', prefix: true, raw: false, tail: undefined }

function print(chunks: string[], options: Partial<LogPrinterOptions> = {}): string {
  const printer = new LogPrinter({ ...plain, ...options })
  return [...chunks.map((chunk) => printer.write(Buffer.from(chunk))), printer.end()].map(String).join('')
}

test('every line has its task and step before it, wherever chunks end', () => {
  expect(print(['one\ntw', 'o\nthree'])).toBe('[build/make] one\n[build/make] two\n[build/make] three\n')
  expect(print(['one\ntw', 'o\n'], { prefix: false })).toBe('one\ntwo\n')
})

test('a tail is the last lines, and raw is the bytes as they are', () => {
  expect(print(['1\n2\n', '3\n4'], { tail: 2 })).toBe('[build/make] 3\n[build/make] 4\n')
  expect(print(['\x1b[31mred\r\n', 'x'], { raw: true })).toBe('\x1b[31mred\r\nx')
})

test('the time of arrival comes first, with and without a prefix', () => {
  let seconds = 0
  const timestamp = () => `12:00:0${seconds++}`
  expect(print(['a\n', 'b\n'], { timestamp })).toBe('12:00:00 [build/make] a\n12:00:01 [build/make] b\n')
  expect(print(['c\nd\n'], { timestamp, prefix: false })).toMatch(/^12:00:0(\d) c\n12:00:0\1 d\n$/)
})
