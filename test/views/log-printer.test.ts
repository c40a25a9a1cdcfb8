import { expect, test } from 'vitest'
import { withoutColour } from '../../src/views/clean-text.ts'
import { LogPrinter, type LogPrinterOptions } from '../../src/views/log-printer.ts'

const plain: LogPrinterOptions = { name: 'build/make', prefix: true, color: true, raw: false, tail: undefined }

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

test('without colours no escape is left, but in raw bytes', () => {
  const chunks = ['\x1b[31mred\nst', 'ill\x1b[0m\n']
  expect(print(chunks)).toContain('\x1b[31m')
  expect(print(chunks, { color: false })).toBe('[build/make] red\n[build/make] still\n')
  expect(print(chunks, { color: false, tail: 1 })).toBe('[build/make] still\n')
  expect(print(chunks, { color: false, raw: true })).toBe(chunks.join(''))
})

test('a long line is cut with a word on how to see the rest, or comes whole', () => {
  const chunks = ['a\n', ...Array.from({ length: 30 }, (_, index) => String(index % 10).repeat(10_000)), 'end\nb\n']
  const line = chunks.slice(1, -1).join('')
  expect(print(chunks)).toMatch(
    /^\[build\/make\] a\n.* … \(283619 more characters in the log: --raw shows them\)\n.* b\n$/,
  )
  expect(print(chunks, { whole: true })).toBe(`[build/make] a\n[build/make] ${line}end\n[build/make] b\n`)
  expect(print(chunks, { whole: true, prefix: false })).toBe(chunks.join(''))
  expect(print(chunks.slice(0, -1), { whole: true })).toBe(`[build/make] a\n[build/make] ${line}\n`)
  expect(print(chunks, { whole: true, tail: 2 })).toMatch(/^\[build\/make\] 0+1.* --raw shows them\)\n.* b\n$/)
})

test('a long line keeps its colours and characters wherever it is handed on', () => {
  const line = `\x1b[31m${'é🚀\x1b[0;32m'.repeat(20_000)}`
  const bytes = Buffer.from(`${line}\r\nb\n`)
  const printer = new LogPrinter({ ...plain, whole: true })
  let text = ''
  for (let start = 0; start < bytes.length; start += 1_001) text += printer.write(bytes.subarray(start, start + 1_001))
  text += printer.end()
  expect(withoutColour(text)).toBe(`[build/make] ${withoutColour(line)}\n[build/make] b\n`)
})

test('the time of arrival comes first, with and without a prefix', () => {
  let seconds = 0
  const timestamp = () => `12:00:0${seconds++}`
  expect(print(['a\n', 'b\n'], { timestamp })).toBe('12:00:00 [build/make] a\n12:00:01 [build/make] b\n')
  expect(print(['c\nd\n'], { timestamp, prefix: false })).toMatch(/^12:00:0(\d) c\n12:00:0\1 d\n$/)
})
