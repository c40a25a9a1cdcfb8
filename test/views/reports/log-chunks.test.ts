import { expect, test } from 'vitest'
import { chunkBytesMax, type LogChunk, LogChunks } from '../../../src/views/reports/log-chunks.ts'

function chunksOf(text: string, pieceLength = 10_000): LogChunk[] {
  const chunks = new LogChunks()
  const bytes = Buffer.from(text)
  const found: LogChunk[] = []
  for (let at = 0; at < bytes.length; at += pieceLength)
    found.push(...chunks.push(bytes.subarray(at, at + pieceLength)))
  const rest = chunks.end()
  return rest === null ? found : [...found, rest]
}

test('whole lines, in order, none lost, each chunk with their number', () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index} of a log that is long`)
  const chunks = chunksOf(`${lines.join('\n')}\n`)
  expect(chunks.length).toBeGreaterThan(2)
  expect(chunks.map(({ text }) => text).join('')).toBe(`${lines.join('\n')}\n`)
  for (const { text, lines: count } of chunks) {
    expect(text.endsWith('\n')).toBe(true)
    expect(text.split('\n').length - 1).toBe(count)
  }
})

test('the last line is ended, and no output is no chunk', () => {
  expect(chunksOf('one\ntwo')).toEqual([{ text: 'one\ntwo\n', lines: 2 }])
  expect(chunksOf('')).toEqual([])
})

test('a chunk begins with the colours that were left on', () => {
  const filler = `${'x'.repeat(99)}\n`.repeat(6000)
  const [, second, ...more] = chunksOf(`\x1b[1m\x1b[31m${filler}\x1b[0m${filler}`)
  expect(second?.text.startsWith('\x1b[1m\x1b[31mx')).toBe(true)
  expect(more.at(-1)?.text.startsWith('x')).toBe(true)
})

test('colours that are never reset do not grow what chunks begin with', () => {
  const filler = `\x1b[31m\x1b[1m${'x'.repeat(99)}\n`.repeat(6000)
  const [, second] = chunksOf(filler)
  expect(second?.text.indexOf('x')).toBeLessThanOrEqual(220)
  expect(second?.text.startsWith('\x1b[')).toBe(true)
})

test('no chunk is longer than its place in the spool, whatever is printed at once', () => {
  const bytes = Buffer.from(`${'\u4e2d'.repeat(5000)}\n`.repeat(300))
  const chunks = new LogChunks()
  const found = [...chunks.push(bytes), chunks.end()]
  for (const chunk of found) expect(Buffer.byteLength(chunk?.text ?? '')).toBeLessThan(chunkBytesMax - 1024)
})
