import { blockBytes, invalid, paddingBytes, type TarEntry, TarHeaders } from './tar-header.ts'

export interface TarVisitor {
  /** False: its content is left out. */
  entry: (entry: TarEntry) => boolean
  /** Part of the content of the last entry; the piece belongs to the caller of `push`. */
  content: (piece: Buffer) => void
  /** All of the content was given. Not called for an entry that was left out. */
  entryEnd: (sizeBytes: number) => void
}

/** Reads a tar that comes in chunks of any size. Further tars may follow behind its end. */
export class TarReader {
  readonly #visitor: TarVisitor
  readonly #headers = new TarHeaders()
  /** What is read next, and how many bytes of it are missing. */
  #state: 'header' | 'description' | 'content' | 'padding' = 'header'
  #missing = blockBytes
  /** The beginning of a header or description. */
  #partial: Buffer[] = []
  #isWanted = false
  /** The last header was the end of a tar. */
  #isEnded = false
  #padding = 0
  #sizeBytes = 0

  constructor(visitor: TarVisitor) {
    this.#visitor = visitor
  }

  push(chunk: Buffer): void {
    let position = 0
    while (position < chunk.length) {
      const piece = chunk.subarray(position, position + this.#missing)
      position += piece.length
      this.#missing -= piece.length
      this.#take(piece)
      if (this.#missing === 0) this.#next()
    }
  }

  /** `archiveInvalid` when the archive is cut off. */
  end(): void {
    if (!this.#isEnded || this.#partial.length > 0) throw invalid('no end: it was cut off')
  }

  #take(piece: Buffer): void {
    if (this.#state === 'content') {
      if (this.#isWanted) this.#visitor.content(piece)
    } else if (this.#state === 'header' || this.#state === 'description') this.#partial.push(piece)
  }

  #next(): void {
    switch (this.#state) {
      case 'header':
        this.#header(this.#whole())
        break
      case 'description':
        this.#headers.describe(this.#whole())
        this.#skipPadding()
        break
      case 'content':
        if (this.#isWanted) this.#visitor.entryEnd(this.#sizeBytes)
        this.#skipPadding()
        break
      case 'padding':
        this.#expect('header', blockBytes)
        break
    }
  }

  #whole(): Buffer {
    const [first] = this.#partial
    // A copy where the visitor may keep it: the chunk belongs to somebody else.
    const whole = this.#partial.length === 1 && first !== undefined ? Buffer.from(first) : Buffer.concat(this.#partial)
    this.#partial = []
    return whole
  }

  #header(block: Buffer): void {
    const read = this.#headers.read(block)
    this.#isEnded = read.kind === 'end'
    if (read.kind === 'end') {
      this.#expect('header', blockBytes)
      return
    }
    const sizeBytes = read.kind === 'description' ? read.sizeBytes : read.entry.sizeBytes
    this.#padding = paddingBytes(sizeBytes)
    this.#sizeBytes = sizeBytes
    if (read.kind === 'entry') this.#isWanted = this.#visitor.entry(read.entry)
    this.#expect(read.kind === 'description' ? 'description' : 'content', sizeBytes)
    if (sizeBytes === 0) this.#next()
  }

  #skipPadding(): void {
    if (this.#padding === 0) this.#expect('header', blockBytes)
    else this.#expect('padding', this.#padding)
    this.#padding = 0
  }

  #expect(state: 'header' | 'description' | 'content' | 'padding', bytes: number): void {
    this.#state = state
    this.#missing = bytes
  }
}
