/** A part of an upload, in a buffer that goes back to the pool with `release` once its bytes are sent. */
export interface Part {
  bytes: Uint8Array
  release(): void
}

/** Cuts chunks into parts of `partBytes`; only the last one is shorter, and an empty source has no part at all.
 *  Buffers are used again, so memory stays at the number of parts held by the caller plus the one being filled. */
export async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Part, void, undefined> {
  const free: Buffer[] = []
  const part = (buffer: Buffer, length: number): Part => ({
    bytes: buffer.subarray(0, length),
    release: () => {
      free.push(buffer)
    },
  })
  let buffer: Buffer | undefined
  let filled = 0
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length; ) {
      buffer ??= free.pop() ?? Buffer.allocUnsafeSlow(partBytes)
      const wanted = Math.min(chunk.length - taken, partBytes - filled)
      buffer.set(chunk.subarray(taken, taken + wanted), filled)
      filled += wanted
      taken += wanted
      if (filled < partBytes) continue
      yield part(buffer, filled)
      buffer = undefined
      filled = 0
    }
  }
  if (buffer !== undefined && filled > 0) yield part(buffer, filled)
}

/** Reads ahead as far as needed to know how many parts there are. `all` starts with the first part again; null when there is at most one. */
export async function lookAhead(
  parts: AsyncGenerator<Part, void, undefined>,
): Promise<{ first: Part | null; all: AsyncIterable<Part> | null }> {
  const first = await parts.next()
  if (first.done === true) return { first: null, all: null }
  const second = await parts.next()
  if (second.done === true) return { first: first.value, all: null }
  async function* all(taken: Part[]): AsyncGenerator<Part, void, undefined> {
    yield* taken
    yield* parts
  }
  return { first: first.value, all: all([first.value, second.value]) }
}
