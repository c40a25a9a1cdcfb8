import { maskPatterns } from './mask-patterns.ts'

const replacement = Buffer.from('***')
const nothing = Buffer.alloc(0)

/** The secrets of one task, compiled once; each log has a `MaskStream` of its own.
 *  The search is Wu and Manber's: the two bytes at the end of a window as long as the shortest pattern tell how far it may move,
 *  so that most bytes of a log without secrets are never looked at. */
export class LogMask {
  readonly patterns: readonly Buffer[]
  readonly longest: number
  readonly #shortest: number
  readonly #shift: Uint8Array = new Uint8Array(0)
  /** Patterns by the two bytes at the end of the window, longest first. */
  readonly #byWindow = new Map<number, Buffer[]>()
  readonly #byFirstByte: (Buffer[] | undefined)[] = []

  constructor(secretValues: Iterable<string>) {
    this.patterns = maskPatterns(secretValues)
    this.longest = this.patterns[0]?.length ?? 0
    this.#shortest = Math.min(this.patterns.at(-1)?.length ?? 0, 255)
    if (this.patterns.length === 0) return
    this.#shift = new Uint8Array(65_536).fill(this.#shortest - 1)
    for (const pattern of this.patterns) this.#add(pattern)
  }

  stream(): MaskStream {
    return new MaskStream(this)
  }

  /** `text` without any secret. */
  text(text: string): string {
    if (this.patterns.length === 0) return text
    const stream = this.stream()
    return Buffer.concat([...stream.push(Buffer.from(text)), ...stream.end()]).toString()
  }

  /** Where the next occurrence that starts at or after `from` starts; -1 when none lies within `data`. */
  find(data: Buffer, from: number): number {
    const window = this.#shortest
    const shift = this.#shift
    const last = data.length
    let end = from + window - 1
    while (end < last) {
      const block = ((data[end - 1] as number) << 8) | (data[end] as number)
      const distance = shift[block] as number
      if (distance === 0) {
        const start = end - window + 1
        if (this.matchAt(data, start, block) > 0) return start
        end += 1
      } else end += distance
    }
    return -1
  }

  /** Length of the longest pattern at `start`, 0 when there is none. */
  matchAt(data: Buffer, start: number, block = this.#blockAt(data, start)): number {
    const candidates = this.#byWindow.get(block)
    if (candidates === undefined) return 0
    for (const pattern of candidates) {
      const end = start + pattern.length
      if (end <= data.length && data.compare(pattern, 0, pattern.length, start, end) === 0) return pattern.length
    }
    return 0
  }

  /** Start of the longest tail that might be the beginning of a secret; `data.length` when none does. */
  pendingFrom(data: Buffer): number {
    for (let start = Math.max(0, data.length - this.longest + 1); start < data.length; start++) {
      const candidates = this.#byFirstByte[data[start] as number]
      if (candidates === undefined) continue
      const length = data.length - start
      for (const pattern of candidates) {
        if (pattern.length <= length) break
        if (data.compare(pattern, 0, length, start, data.length) === 0) return start
      }
    }
    return data.length
  }

  #add(pattern: Buffer): void {
    const window = this.#shortest
    for (let end = 1; end < window; end++) {
      const block = ((pattern[end - 1] as number) << 8) | (pattern[end] as number)
      this.#shift[block] = Math.min(this.#shift[block] as number, window - 1 - end)
    }
    const block = ((pattern[window - 2] as number) << 8) | (pattern[window - 1] as number)
    this.#byWindow.set(block, [...(this.#byWindow.get(block) ?? []), pattern])
    const first = pattern[0] as number
    this.#byFirstByte[first] = [...(this.#byFirstByte[first] ?? []), pattern]
  }

  #blockAt(data: Buffer, start: number): number {
    const end = start + this.#shortest - 1
    return end < data.length ? ((data[end - 1] as number) << 8) | (data[end] as number) : -1
  }
}

/** Masks one log. What comes out does not depend on how the input was cut into chunks.
 *  Bytes are held back only while they might be the beginning of a secret. Overlapping secrets become one mask. */
export class MaskStream {
  readonly #mask: LogMask
  /** The undecided tail of the input. */
  #held: Buffer = nothing
  /** How many bytes at the start of `#held` belong to a secret whose mask is already written. */
  #covered = 0

  constructor(mask: LogMask) {
    this.#mask = mask
  }

  /** What of the log is decided now. The pieces may share memory with `chunk`. */
  push(chunk: Buffer): Buffer[] {
    if (this.#mask.patterns.length === 0) return [chunk]
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const decided = this.#mask.pendingFrom(data)
    const pieces = this.#maskUpTo(data, decided)
    // A copy, so that a few held bytes do not keep a large chunk alive, nor change when its owner fills it again.
    this.#held = decided === data.length ? nothing : Buffer.from(data.subarray(decided))
    return pieces
  }

  /** The rest: the beginning of a secret that did not go on is no secret. */
  end(): Buffer[] {
    const data = this.#held
    this.#held = nothing
    return this.#maskUpTo(data, data.length)
  }

  /** Writes `data` up to `decided`; a match that starts before it may end behind it. */
  #maskUpTo(data: Buffer, decided: number): Buffer[] {
    const pieces: Buffer[] = []
    let covered = this.#covered
    let position = 0
    while (position < decided) {
      const found = this.#mask.find(data, position)
      const start = found === -1 || found >= decided ? decided : found
      if (start > covered) pieces.push(data.subarray(Math.max(position, covered), start))
      if (start === decided) break
      if (start >= covered) pieces.push(replacement)
      covered = Math.max(covered, start + this.#mask.matchAt(data, start))
      position = start + 1
      // Bytes of the plain text between are written from `covered` on, so the next round may start inside the mask.
    }
    this.#covered = Math.max(0, covered - decided)
    return pieces
  }
}
