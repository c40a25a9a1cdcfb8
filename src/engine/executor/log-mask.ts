import { maskPatterns } from './mask-patterns.ts'

const replacement = Buffer.from('***')
const nothing = Buffer.alloc(0)

/** The secrets of one task; each log has a `MaskStream` of its own. Compiled once, and again for each value that is added.
 *  The search is Wu and Manber's: the two bytes at the end of a window as long as the shortest pattern tell how far it may move,
 *  so that most bytes of a log without secrets are never looked at. */
export class LogMask {
  readonly #values: string[]
  #patterns: readonly Buffer[] = []
  #longest = 0
  #shortest = 0
  #shift: Uint8Array = new Uint8Array(0)
  /** Patterns by the two bytes at the end of the window, longest first. */
  readonly #byWindow = new Map<number, Buffer[]>()
  /** Patterns by their first two bytes, longest first; `#begins` says for which pairs there are any. */
  readonly #byStart = new Map<number, Buffer[]>()
  #begins: Uint8Array = new Uint8Array(0)
  readonly #firstBytes = new Set<number>()

  constructor(secretValues: Iterable<string>) {
    this.#values = [...secretValues]
    this.#compile()
  }

  get patterns(): readonly Buffer[] {
    return this.#patterns
  }

  get longest(): number {
    return this.#longest
  }

  /** Masks one more value, in what its streams have not decided yet and in all that follows. */
  add(value: string): void {
    this.#values.push(value)
    this.#compile()
  }

  #compile(): void {
    this.#patterns = maskPatterns(this.#values)
    this.#longest = this.patterns[0]?.length ?? 0
    this.#shortest = Math.min(this.patterns.at(-1)?.length ?? 0, 255)
    if (this.patterns.length === 0) return
    this.#shift = new Uint8Array(65_536).fill(this.#shortest - 1)
    this.#begins = new Uint8Array(65_536)
    for (const tables of [this.#byWindow, this.#byStart, this.#firstBytes]) tables.clear()
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
    const shift = this.#shift
    const toPair = this.#shortest - 2
    for (let pair = from + toPair; pair + 1 < data.length; ) {
      const distance = shift[((data[pair] as number) << 8) | (data[pair + 1] as number)] as number
      if (distance === 0) {
        if (this.matchAt(data, pair - toPair) > 0) return pair - toPair
        pair += 1
      } else pair += distance
    }
    return -1
  }

  /** Length of the longest pattern at `start`, 0 when there is none. */
  matchAt(data: Buffer, start: number): number {
    const pair = start + this.#shortest - 2
    const candidates = pair + 1 < data.length ? this.#byWindow.get(pairAt(data, pair)) : undefined
    if (candidates === undefined) return 0
    for (const pattern of candidates) {
      const end = start + pattern.length
      // Calling into native code costs more than this look.
      if (data[start] !== pattern[0] || end > data.length) continue
      if (data.compare(pattern, 0, pattern.length, start, end) === 0) return pattern.length
    }
    return 0
  }

  /** Start of the longest tail that might be the beginning of a secret; `data.length` when none does. */
  pendingFrom(data: Buffer): number {
    const last = data.length - 1
    for (let start = Math.max(0, data.length - this.longest + 1); start < last; start++) {
      const pair = pairAt(data, start)
      if (this.#begins[pair] === 1 && this.#isBeginning(data, start, pair)) return start
    }
    return last >= 0 && this.#firstBytes.has(data[last] as number) ? last : data.length
  }

  #isBeginning(data: Buffer, start: number, pair: number): boolean {
    const length = data.length - start
    for (const pattern of this.#byStart.get(pair) ?? []) {
      if (pattern.length <= length) return false
      if (data.compare(pattern, 0, length, start, data.length) === 0) return true
    }
    return false
  }

  #add(pattern: Buffer): void {
    const window = this.#shortest
    for (let start = 0; start + 1 < window; start++) {
      const pair = pairAt(pattern, start)
      this.#shift[pair] = Math.min(this.#shift[pair] as number, window - 2 - start)
    }
    append(this.#byWindow, pairAt(pattern, window - 2), pattern)
    append(this.#byStart, pairAt(pattern, 0), pattern)
    this.#begins[pairAt(pattern, 0)] = 1
    this.#firstBytes.add(pattern[0] as number)
  }
}

function pairAt(data: Buffer, start: number): number {
  return ((data[start] as number) << 8) | (data[start + 1] as number)
}

function append(map: Map<number, Buffer[]>, key: number, pattern: Buffer): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [pattern])
  else list.push(pattern)
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
