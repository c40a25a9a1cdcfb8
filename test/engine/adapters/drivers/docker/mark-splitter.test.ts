import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MarkSplitter } from '../../../../../src/engine/adapters/drivers/docker/mark-splitter.ts'

const mark = '\x01mark'

function split(pieces: Buffer[]): { printed: string; marks: string[] } {
  const seen = { printed: '', marks: [] as string[] }
  const splitter = new MarkSplitter(mark, {
    onBytes: (bytes) => {
      seen.printed += bytes.toString()
    },
    onMark: (rest) => seen.marks.push(rest),
  })
  for (const piece of pieces) splitter.push(piece)
  return seen
}

test('lines that begin with the mark are taken out, wherever they begin and however the stream is cut', () => {
  const printed = fc.constantFrom('a', '\n', '\x01', '\x01mar', '\x01\x01', 'mark 5\n', ' ')
  fc.assert(
    fc.property(fc.array(printed), fc.array(printed), fc.array(fc.nat(5)), (before, after, lengths) => {
      const output = { before: before.join(''), after: after.join('').replaceAll(mark, '') }
      // What stands at the very end may be the beginning of a mark, and waits.
      const whole = Buffer.from(`${output.before.replaceAll(mark, '')}${mark} 17\n${output.after}.`)
      const pieces: Buffer[] = []
      let rest = whole
      for (const length of lengths) {
        pieces.push(rest.subarray(0, length))
        rest = rest.subarray(length)
      }
      const { printed, marks } = split([...pieces, rest])
      expect(marks).toEqual(['17'])
      expect(printed).toBe(`${output.before.replaceAll(mark, '')}${output.after}.`)
    }),
  )
})

test('bytes are handed on at once, but for those that a mark may begin with', () => {
  expect(split([Buffer.from('prompt> ')]).printed).toBe('prompt> ')
  expect(split([Buffer.from('text\x01ma')]).printed).toBe('text')
  expect(split([Buffer.from('text\x01ma'), Buffer.from('x')]).printed).toBe('text\x01max')
})
