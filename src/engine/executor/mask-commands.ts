const marker = Buffer.from('::agola-add-mask::')
const lineFeed = 10
const carriageReturn = 13
const nothing = Buffer.alloc(0)

/** A longer line is thrown away like the others, but masks nothing. */
export const maskCommandBytesMax = 64 * 1024

export type OutputPart =
  | { type: 'output'; bytes: Buffer }
  /** What stood behind `::agola-add-mask::` on a line of its own (spec/local-runs.md 7.3). */
  | { type: 'mask'; value: string }
  | { type: 'tooLong' }

/** Takes lines `::agola-add-mask::VALUE` out of the output of one stream. What comes out does not depend on how the input was cut into
 *  chunks; only a line that may be such a one is held back. */
export class MaskCommands {
  /** The beginning of a line that is, or may become, a command. */
  #held: Buffer = nothing
  #isAtLineStart = true
  /** Within a line that was too long. */
  #isSkipping = false

  /** The pieces may share memory with `chunk`. */
  push(chunk: Buffer): OutputPart[] {
    const parts: OutputPart[] = []
    let data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = nothing
    for (let command = this.#nextCommand(data); command !== -1; command = this.#nextCommand(data)) {
      if (command > 0) parts.push({ type: 'output', bytes: data.subarray(0, command) })
      this.#isAtLineStart = true
      const end = data.indexOf(lineFeed, command)
      const line = data.subarray(command + (this.#isSkipping ? 0 : marker.length), end === -1 ? data.length : end)
      const isTooLong = line.length > maskCommandBytesMax
      if (end === -1 && !isTooLong && !this.#isSkipping) return this.#hold(data.subarray(command), parts)
      if (!this.#isSkipping) parts.push(isTooLong ? { type: 'tooLong' } : { type: 'mask', value: textOf(line) })
      this.#isSkipping = end === -1
      if (end === -1) return parts
      data = data.subarray(end + 1)
    }
    const undecided = this.#undecidedFrom(data)
    if (undecided > 0) {
      parts.push({ type: 'output', bytes: data.subarray(0, undecided) })
      this.#isAtLineStart = data[undecided - 1] === lineFeed
    }
    return this.#hold(data.subarray(undecided), parts)
  }

  /** The rest; the end of the stream ends a line. */
  end(): OutputPart[] {
    const data = this.#held
    this.#held = nothing
    if (data.length === 0) return []
    const isCommand = data.length >= marker.length
    return [isCommand ? { type: 'mask', value: textOf(data.subarray(marker.length)) } : { type: 'output', bytes: data }]
  }

  /** Where the next line starts that is a command, or goes on being one; -1: nowhere. */
  #nextCommand(data: Buffer): number {
    if (this.#isSkipping) return data.length === 0 ? -1 : 0
    for (let found = data.indexOf(marker); found !== -1; found = data.indexOf(marker, found + 1)) {
      if (found === 0 ? this.#isAtLineStart : data[found - 1] === lineFeed) return found
    }
    return -1
  }

  /** Start of a last line that is the beginning of the marker; the length of `data` when there is none. */
  #undecidedFrom(data: Buffer): number {
    const start = data.lastIndexOf(lineFeed) + 1
    const length = data.length - start
    if (length === 0 || length >= marker.length || (start === 0 && !this.#isAtLineStart)) return data.length
    return data.compare(marker, 0, length, start) === 0 ? start : data.length
  }

  #hold(rest: Buffer, parts: OutputPart[]): OutputPart[] {
    // A copy: the owner of the chunk may fill it again.
    this.#held = rest.length === 0 ? nothing : Buffer.from(rest)
    return parts
  }
}

function textOf(line: Buffer): string {
  return line.toString('utf8', 0, line.at(-1) === carriageReturn ? line.length - 1 : line.length)
}
