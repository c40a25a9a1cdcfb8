import { expect, test } from 'vitest'
import { LogMask } from '../../../src/engine/executor/log-mask.ts'
import { canMask, maskPatterns } from '../../../src/engine/executor/mask-patterns.ts'

const secret = 's3cr3t/w0rd+with \'quotes\' "and" ümlaut'

test.each<[name: string, text: string]>([
  ['itself', secret],
  ['URL', encodeURIComponent(secret)],
  ['form', encodeURIComponent(secret).replaceAll('%20', '+')],
  ['JSON', JSON.stringify(secret).slice(1, -1)],
  ["shell with '\\''", secret.replaceAll("'", `'\\''`)],
  [`shell with '"'"'`, secret.replaceAll("'", `'"'"'`)],
])('masks a secret written as %s', (_, text) => {
  expect(new LogMask([secret]).text(`before ${text} after`)).toBe('before *** after')
})

test.each([0, 1, 2, 3, 4, 5])('masks the base64 of a secret that stands %i bytes into the encoded text', (shift) => {
  const encoded = Buffer.from(`${'x'.repeat(shift)}${secret}yyyyy`).toString('base64')
  const masked = new LogMask([secret]).text(encoded)
  expect(masked).toContain('***')
  // What is left at the edges decodes to no more than one character of the secret on either side.
  expect(masked.length).toBeLessThanOrEqual('***'.length + Math.ceil(((shift + 5) * 4) / 3) + 8)
})

test('masks the base64 of a long secret that the encoder broke into lines', () => {
  const key = Array.from({ length: 20 }, (_, line) => `line ${line} of a private key 0123456789`).join('\n')
  for (const width of [76, 64]) {
    const lines = Buffer.from(`${key}\n`)
      .toString('base64')
      .match(new RegExp(`.{1,${width}}`, 'g'))
    const masked = new LogMask([key]).text((lines ?? []).join('\n'))
    expect(masked.replaceAll('***', '').trim().length).toBeLessThan(12)
  }
})

test('masks a secret of several lines, each of its lines, and it as a terminal prints it', () => {
  const mask = new LogMask(['first line\nab\nthird line'])
  expect(mask.text('<first line\nab\nthird line>')).toBe('<***>')
  expect(mask.text('<first line\r\nab\r\nthird line>')).toBe('<***>')
  expect(mask.text('<third line>')).toBe('<***>')
  expect(mask.text('<ab>')).toBe('<ab>')
})

test('masks the longest of several secrets and overlapping ones as one', () => {
  expect(new LogMask(['pass', 'password', 'password123']).text('password123! password1')).toBe('***! ***1')
  expect(new LogMask(['abcdef', 'defghi']).text('xabcdefghiy')).toBe('x***y')
  expect(new LogMask(['aaaa']).text(`b${'a'.repeat(50)}b`)).toBe('b***b')
  expect(new LogMask(['abcd']).text('abcdabcd')).toBe('******')
})

test.each<[value: string, masked: boolean]>([
  ['abcd', true],
  [' abcd\n', true],
  ['abc', false],
  ['  ab  ', false],
  ['true', false],
  ['false', false],
  ['12345', false],
  ['123456', true],
  ['üü', true],
  ['', false],
])('a value %j is masked: %s', (value, masked) => {
  expect(canMask(value)).toBe(masked)
  expect(maskPatterns([value]).length > 0).toBe(masked)
})

test('a log without secrets passes as it is, binary included', () => {
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
  expect(new LogMask([]).stream().push(bytes)).toEqual([bytes])
  const stream = new LogMask(['secret value']).stream()
  expect(Buffer.concat([...stream.push(bytes), ...stream.end()])).toEqual(bytes)
})

test('holds back only what may be the beginning of a secret', () => {
  const stream = new LogMask(['secret']).stream()
  const push = (text: string) => Buffer.concat(stream.push(Buffer.from(text))).toString()
  expect(push('a line se')).toBe('a line ')
  expect(push('cr')).toBe('')
  expect(push('eam sec')).toBe('secream ')
  expect(push('ret.')).toBe('***.')
  expect(push('sec')).toBe('')
  expect(Buffer.concat(stream.end()).toString()).toBe('sec')
})

test('keeps its held bytes when the owner of a chunk fills it anew', () => {
  const stream = new LogMask(['secret']).stream()
  const chunk = Buffer.from('..sec')
  expect(Buffer.concat(stream.push(chunk)).toString()).toBe('..')
  chunk.fill('x')
  expect(Buffer.concat(stream.push(Buffer.from('ret'))).toString()).toBe('***')
})
