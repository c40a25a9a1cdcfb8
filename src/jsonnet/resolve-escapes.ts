const simple: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Resolves the escapes of a quoted string. `fail` reports what is malformed. */
export function resolveEscapes(raw: string, fail: (message: string) => never): string {
  if (!raw.includes('\\')) return raw
  let out = ''
  let at = 0
  for (;;) {
    const slash = raw.indexOf('\\', at)
    if (slash < 0) return out + raw.slice(at)
    out += raw.slice(at, slash)
    const char = raw[slash + 1]
    if (char === undefined) fail('Truncated escape sequence in string literal')
    if (char === 'u') {
      const unit = hexUnit(raw, slash + 2, fail)
      at = slash + 6
      if (unit < 0xd800 || unit > 0xdfff) out += String.fromCharCode(unit)
      else {
        out += surrogatePair(raw, unit, at, fail)
        at += 6
      }
      continue
    }
    const resolved = simple[char]
    if (resolved === undefined) fail(`Unknown escape sequence in string literal: \\${char}`)
    out += resolved
    at = slash + 2
  }
}

function hexUnit(raw: string, at: number, fail: (message: string) => never): number {
  const digits = raw.slice(at, at + 4)
  if (digits.length < 4) fail('Truncated unicode escape sequence in string literal')
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail(`Unicode escape sequence was malformed: ${digits}`)
  return Number.parseInt(digits, 16)
}

function surrogatePair(raw: string, high: number, at: number, fail: (message: string) => never): string {
  if (raw.length < at + 6) fail('Truncated unicode surrogate pair escape sequence in string literal')
  if (raw.slice(at, at + 2) !== '\\u') {
    fail('Unicode surrogate pair escape sequence missing low surrogate in string literal')
  }
  const low = hexUnit(raw, at + 2, fail)
  if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) fail('Invalid unicode surrogate pair in string literal')
  return String.fromCharCode(high, low)
}
