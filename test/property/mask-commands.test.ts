import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogMask } from '../../src/engine/executor/log-mask.ts'
import { MaskCommands, type OutputPart } from '../../src/engine/executor/mask-commands.ts'

/** Few letters, so that values, their beginnings and overlaps turn up by chance. */
const letters = fc.constantFrom('a', 'b', 'c', 'ü', ':')
const value = fc.string({ unit: letters, maxLength: 8 })
const marker = '::agola-add-mask::'

const line = fc.oneof(
  fc.array(fc.oneof(value, fc.nat({ max: 5 }), fc.constantFrom(marker, ':', '::', '\r', ' ')), { maxLength: 5 }),
  fc.tuple(fc.constant(marker), value),
  fc.nat({ max: marker.length }).map((length) => [marker.slice(0, length)]),
)
const cases = fc.record({
  secret: value,
  lines: fc.array(line, { maxLength: 10 }),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  isCutOff: fc.boolean(),
  cuts: fc.array(fc.nat({ max: 300 }), { maxLength: 30 }),
})

/** Numbers stand for the values of earlier lines. */
function textOf(lines: readonly (readonly (string | number)[])[], lineEnd: string, isCutOff: boolean): string {
  const named: string[] = []
  const texts = lines.map((parts) => {
    const text = parts.map((part) => (typeof part === 'string' ? part : (named.at(-1 - part) ?? ''))).join('')
    if (text.startsWith(marker)) named.push(text.slice(marker.length))
    return text
  })
  return texts.join(lineEnd) + (isCutOff ? '' : lineEnd)
}

function outcome(log: Buffer, cuts: readonly number[], secret: string): string {
  const [commands, mask] = [new MaskCommands(), new LogMask([secret])]
  const stream = mask.stream()
  const pieces: Buffer[] = []
  const take = (parts: OutputPart[]) => {
    for (const part of parts) {
      if (part.type === 'output') pieces.push(...stream.push(part.bytes).map((piece) => Buffer.from(piece)))
      else if (part.type === 'mask') mask.add(part.value)
    }
  }
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, log.length))), log.length].sort((a, b) => a - b)
  let start = 0
  for (const end of ends) {
    const chunk = Buffer.from(log.subarray(start, end))
    take(commands.push(chunk))
    // As an owner does that uses its buffer again.
    chunk.fill('x')
    start = end
  }
  take(commands.end())
  return Buffer.concat([...pieces, ...stream.end()]).toString()
}

/** The rule itself: line by line, with what was named before. */
function expected(text: string, secret: string): string {
  const values = [secret]
  const lines = text.split(/(?<=\n)/)
  return lines
    .map((whole) => {
      if (!whole.startsWith(marker)) return new LogMask(values).text(whole)
      values.push(
        whole
          .slice(marker.length)
          .replace(/\r?\n$/, '')
          .replace(/\r$/, ''),
      )
      return ''
    })
    .join('')
}

test('a value that a line names is masked from then on, however the output is cut', () => {
  fc.assert(
    fc.property(cases, ({ secret, lines, lineEnd, isCutOff, cuts }) => {
      const text = textOf(lines, lineEnd, isCutOff)
      const log = Buffer.from(text)
      expect(outcome(log, cuts, secret)).toBe(expected(text, secret))
      expect(outcome(log, [...log.keys()], secret)).toBe(expected(text, secret))
    }),
    { numRuns: 1000, seed: 7 },
  )
})
