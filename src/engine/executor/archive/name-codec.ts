import { isUtf8 } from 'node:buffer'

// File names are bytes. Those that are no UTF-8 keep their odd bytes as lone surrogates U+DC80–U+DCFF, so that every name survives
// the way to text and back.
const firstSurrogate = 0xdc00

export function decodeName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  for (let index = 0; index < bytes.length; ) {
    const length = sequenceLength(bytes, index)
    if (length === 0) {
      text += String.fromCharCode(firstSurrogate + (bytes[index] ?? 0))
      index += 1
    } else {
      text += bytes.toString('utf8', index, index + length)
      index += length
    }
  }
  return text
}

export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name, 'utf8')
  const parts: Buffer[] = []
  for (const char of name) {
    const code = char.codePointAt(0) ?? 0
    const isOddByte = code >= firstSurrogate + 0x80 && code <= firstSurrogate + 0xff
    parts.push(isOddByte ? Buffer.from([code - firstSurrogate]) : Buffer.from(char, 'utf8'))
  }
  return Buffer.concat(parts)
}

/** Bytes of the UTF-8 character at `index`; 0 when there is none. */
function sequenceLength(bytes: Buffer, index: number): number {
  for (let length = 1; length <= 4 && index + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(index, index + length))) return length
  }
  return 0
}
