import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogMask } from '../../src/engine/executor/log-mask.ts'

/** Few letters, so that secrets, their beginnings and overlaps turn up by chance. */
const letters = fc.constantFrom('a', 'b', 'c', '\n', '\r', 'ü', ' ')
const secretText = fc.string({ unit: letters, minLength: 4, maxLength: 9 })
const logPart = fc.string({ unit: letters, maxLength: 30 })

const cases = fc.record({
  secrets: fc.array(secretText, { minLength: 1, maxLength: 4 }),
  parts: fc.array(fc.oneof(logPart, fc.nat({ max: 3 })), { maxLength: 12 }),
  encoding: fc.constantFrom('plain', 'terminal', 'uri', 'json', 'base64'),
  cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 20 }),
})

function logOf(parts: (string | number)[], secrets: string[], encoding: string): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(typeof part === 'string' ? part : write(part))))
  function write(index: number): string {
    const value = (secrets[index % secrets.length] ?? '').trim()
    if (encoding === 'terminal') return value.replace(/\r?\n/g, '\r\n')
    if (encoding === 'uri') return encodeURIComponent(value)
    if (encoding === 'json') return JSON.stringify(value)
    return encoding === 'base64' ? Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -1) : value
  }
}

function maskedIn(log: Buffer, mask: LogMask, cuts: number[]): string {
  const stream = mask.stream()
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, log.length))), log.length].sort((a, b) => a - b)
  const pieces: Buffer[] = []
  let start = 0
  for (const end of ends) {
    pieces.push(...stream.push(Buffer.from(log.subarray(start, end))).map((piece) => Buffer.from(piece)))
    start = end
  }
  return Buffer.concat([...pieces, ...stream.end()]).toString('latin1')
}

/** The rule itself, as slow as it is plain: every byte that lies in an occurrence is covered, each run of occurrences gets one mask. */
function expectedFrom(log: Buffer, patterns: readonly Buffer[]): string {
  let text = ''
  let covered = 0
  for (let position = 0; position < log.length; position++) {
    const longest = patterns.find((pattern) => log.subarray(position, position + pattern.length).equals(pattern))
    if (longest !== undefined) {
      if (position >= covered) text += '***'
      covered = Math.max(covered, position + longest.length)
    }
    if (position >= covered) text += String.fromCharCode(log[position] ?? 0)
  }
  return text
}

test('what comes out is the rule, however the log is cut', () => {
  fc.assert(
    fc.property(cases, ({ secrets, parts, encoding, cuts }) => {
      const mask = new LogMask(secrets)
      const log = logOf(parts, secrets, encoding)
      const expected = expectedFrom(log, mask.patterns)
      expect(maskedIn(log, mask, [])).toBe(expected)
      expect(maskedIn(log, mask, cuts)).toBe(expected)
    }),
    { numRuns: 3000 },
  )
})

test('no spelling of a secret remains', () => {
  fc.assert(
    fc.property(cases, ({ secrets, parts, encoding, cuts }) => {
      const mask = new LogMask(secrets)
      const masked = Buffer.from(maskedIn(logOf(parts, secrets, encoding), mask, cuts), 'latin1')
      for (const pattern of mask.patterns) expect(masked.includes(pattern)).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

test('a secret that is cut at every place is masked', () => {
  const secret = 'correct horse\r\nbattery staple'
  const mask = new LogMask([secret])
  const log = Buffer.from(`<${secret}><${encodeURIComponent(secret)}>`)
  for (let first = 0; first <= log.length; first++) {
    for (let second = first; second <= log.length; second += 3) {
      expect(maskedIn(log, mask, [first, second])).toBe('<***><***>')
    }
  }
})
