import { fail } from '../machine.ts'

export interface FormatCode {
  key: string | undefined
  flags: { alt: boolean; zero: boolean; left: boolean; blank: boolean; plus: boolean }
  width: number | '*'
  precision: number | '*' | undefined
  type: 'd' | 'o' | 'x' | 'e' | 'f' | 'g' | 'c' | 's' | '%'
  capitals: boolean
}

const flagNames = { '#': 'alt', '0': 'zero', '-': 'left', ' ': 'blank', '+': 'plus' } as const
const recent = new Map<string, readonly (string | FormatCode)[]>()

/** Splits a format into plain text and codes. The same formats come again and again, so some are remembered. */
export function parseFormat(text: string): readonly (string | FormatCode)[] {
  const known = recent.get(text)
  if (known !== undefined) return known
  const parts: (string | FormatCode)[] = []
  let at = 0
  for (;;) {
    const percent = text.indexOf('%', at)
    const plain = text.slice(at, percent < 0 ? undefined : percent)
    if (plain !== '') parts.push(plain)
    if (percent < 0) break
    const { code, end } = parseCode(text, percent + 1)
    parts.push(code)
    at = end
  }
  if (recent.size >= 256) recent.clear()
  if (text.length < 4096) recent.set(text, parts)
  return parts
}

function parseCode(text: string, start: number): { code: FormatCode; end: number } {
  let at = start
  const peek = (): string => text[at] ?? fail('Truncated format code.')
  const size = (): number | '*' => {
    if (text[at] === '*') {
      at++
      return '*'
    }
    let value = 0
    for (; peek() >= '0' && peek() <= '9'; at++) value = value * 10 + Number(peek())
    return value
  }
  let key: string | undefined
  if (peek() === '(') {
    const close = text.indexOf(')', at)
    if (close < 0) fail('Truncated format code.')
    key = text.slice(at + 1, close)
    at = close + 1
  }
  const flags = { alt: false, zero: false, left: false, blank: false, plus: false }
  for (let char = peek(); Object.hasOwn(flagNames, char); char = peek()) {
    flags[flagNames[char as keyof typeof flagNames]] = true
    at++
  }
  const width = size()
  let precision: FormatCode['precision']
  if (peek() === '.') {
    at++
    precision = size()
  }
  if (peek() === 'h' || peek() === 'l' || peek() === 'L') at++
  const { type, capitals } = conversion(String.fromCodePoint(text.codePointAt(at) ?? peek().charCodeAt(0)))
  return { code: { key, flags, width, precision, type, capitals }, end: at + 1 }
}

function conversion(char: string): { type: FormatCode['type']; capitals: boolean } {
  switch (char) {
    case 'd':
    case 'i':
    case 'u':
      return { type: 'd', capitals: false }
    case 'o':
    case 'x':
    case 'e':
    case 'f':
    case 'g':
    case 'c':
    case 's':
    case '%':
      return { type: char, capitals: false }
    case 'X':
    case 'E':
    case 'F':
    case 'G':
      return { type: char.toLowerCase() as 'x' | 'e' | 'f' | 'g', capitals: true }
    default:
      return fail(`Unrecognised conversion type: ${char}`)
  }
}
