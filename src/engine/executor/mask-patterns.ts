import { maskedBytesMin, unmaskableReason } from '../std/unmaskable-reason.ts'

/** Columns after which `base64` (GNU, busybox) and `openssl base64` break their output. */
const base64LineLengths = [76, 64]

/** Whether a value is worth masking. */
export function canMask(value: string): boolean {
  return unmaskableReason(value) === null
}

/** Every spelling under which a secret may turn up in a log (spec/local-runs.md 7.3), longest first, without duplicates. */
export function maskPatterns(values: Iterable<string>): Buffer[] {
  const found = new Map<string, Buffer>()
  for (const value of values) {
    if (!canMask(value)) continue
    for (const pattern of spellings(value.trim())) {
      if (pattern.length >= maskedBytesMin) found.set(pattern.toString('latin1'), pattern)
    }
  }
  return [...found.values()].sort((a, b) => b.length - a.length || Buffer.compare(a, b))
}

function* spellings(value: string): Generator<Buffer> {
  yield* asPrinted(value)
  for (const line of value.split(/\r?\n/)) {
    if (canMask(line)) yield* asPrinted(line.trim())
  }
  // A file that holds the secret usually ends in a line end, which changes the last characters of its base64.
  for (const text of [value, `${value}\n`]) yield* base64Spellings(Buffer.from(text))
}

/** The text itself and how shells, JSON printers and URLs write it. */
function* asPrinted(text: string): Generator<Buffer> {
  const variants = [
    text,
    encodeURIComponent(text),
    encodeURIComponent(text).replaceAll('%20', '+'),
    encodeURI(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
  ]
  for (const variant of variants) {
    yield Buffer.from(variant)
    // A terminal turns every line feed into a carriage return and a line feed.
    if (variant.includes('\n')) yield Buffer.from(variant.replace(/\r?\n/g, '\r\n'))
  }
}

/** base64 of the bytes wherever they stand in a longer input: the characters at the edges depend on the neighbours and are left out. */
function* base64Spellings(bytes: Buffer): Generator<Buffer> {
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = Math.ceil((shift * 8) / 6)
    const last = Math.floor(((shift + bytes.length) * 8) / 6)
    const inner = encoded.slice(first, last)
    yield Buffer.from(inner)
    yield Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_'))
  }
  const whole = bytes.toString('base64')
  for (const length of base64LineLengths) {
    if (whole.length <= length) continue
    for (let start = 0; start < whole.length; start += length) {
      const line = whole.slice(start, start + length).replace(/=+$/, '')
      if (line.length >= 8) yield Buffer.from(line)
    }
  }
}
