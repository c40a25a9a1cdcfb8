import { expect, test } from 'vitest'
import { MaskCommands, maskCommandBytesMax, type OutputPart } from '../../../src/engine/executor/mask-commands.ts'

/** Output as it is, a value in brackets. */
function shown(parts: readonly OutputPart[]): string {
  const text = (part: OutputPart) =>
    part.type === 'output' ? part.bytes.toString() : part.type === 'mask' ? `[${part.value}]` : '[too long]'
  return parts.map(text).join('')
}

function passed(...chunks: string[]): string {
  const commands = new MaskCommands()
  return shown([...chunks.flatMap((chunk) => commands.push(Buffer.from(chunk))), ...commands.end()])
}

test.each<[text: string, parts: string]>([
  ['::agola-add-mask::one\nrest', '[one]rest'],
  ['before\n::agola-add-mask::one two \r\nafter\n', 'before\n[one two ]after\n'],
  ['::agola-add-mask::one\n::agola-add-mask::two\n', '[one][two]'],
  ['::agola-add-mask::', '[]'],
  ['a::agola-add-mask::one\n', 'a::agola-add-mask::one\n'],
  [' ::agola-add-mask::one\n', ' ::agola-add-mask::one\n'],
  ['\r::agola-add-mask::one\n', '\r::agola-add-mask::one\n'],
  ['::agola-add-mask:', '::agola-add-mask:'],
  ['::agola-\n::agola-add-mask::x\n', '::agola-\n[x]'],
])('%j gives %j, in one piece or byte by byte', (text, parts) => {
  expect(passed(text)).toBe(parts)
  expect(passed(...text)).toBe(parts)
})

test('holds back only a line that may name a value', () => {
  const commands = new MaskCommands()
  const push = (text: string) => shown(commands.push(Buffer.from(text)))
  expect(push('a line\n::ag')).toBe('a line\n')
  expect(push('ola\n')).toBe('::agola\n')
  expect(push('no line end ::agola-add-mask::')).toBe('no line end ::agola-add-mask::')
  expect(push('x\n::agola-add-mask::val')).toBe('x\n')
  expect(push('ue\nnext')).toBe('[value]next')
})

test('a value without end does not fill the memory, and is not shown', () => {
  const long = 'x'.repeat(maskCommandBytesMax)
  expect(passed(`::agola-add-mask::${long}\nafter\n`)).toBe(`[${long}]after\n`)
  for (const chunks of [[`::agola-add-mask::${long}yz\nafter`], ['::agola-add-mask::', long, 'y', 'z', '\nafter']]) {
    expect(passed(...chunks)).toBe('[too long]after')
  }
  expect(passed(`::agola-add-mask::${long}y`, 'z')).toBe('[too long]')
})
