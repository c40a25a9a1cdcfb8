/** Number of bytes at the end of `bytes` that begin a UTF-8 character without completing it: 0 to 3. */
export function incompleteUtf8Length(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < sequenceLength(byte) ? back : 0
  }
  return 0
}

function sequenceLength(leadByte: number): number {
  return leadByte >= 0xf0 ? 4 : leadByte >= 0xe0 ? 3 : 2
}

/** Decodes a stream whose pieces may end in the middle of a character. What is no UTF-8 becomes U+FFFD. */
export class Utf8Decoder {
  #rest: Uint8Array = new Uint8Array(0)

  decode(bytes: Uint8Array): string {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const end = all.length - incompleteUtf8Length(all)
    this.#rest = all.slice(end)
    return Buffer.from(all.buffer, all.byteOffset, end).toString('utf8')
  }

  end(): string {
    const rest = Buffer.from(this.#rest).toString('utf8')
    this.#rest = new Uint8Array(0)
    return rest
  }
}
