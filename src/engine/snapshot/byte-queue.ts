/** Bytes that arrive in pieces and are taken by line or by count. */
export class ByteQueue {
  #chunks: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** Exactly `count` bytes, or null while there are fewer. */
  take(count: number): Buffer | null {
    return count > this.#length ? null : this.takeUpTo(count)
  }

  takeUpTo(count: number): Buffer {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= count) {
      this.#length -= count
      if (first.length === count) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(count)
      return first.subarray(0, count)
    }
    const all = Buffer.concat(this.#chunks)
    this.#chunks = all.length > count ? [all.subarray(count)] : []
    this.#length = Math.max(0, all.length - count)
    return all.subarray(0, count)
  }

  /** The bytes before the next `end`, which is dropped; null while there is none. */
  takeUntil(end: number): Buffer | null {
    let offset = 0
    for (const chunk of this.#chunks) {
      const index = chunk.indexOf(end)
      if (index >= 0) return this.takeUpTo(offset + index + 1).subarray(0, -1)
      offset += chunk.length
    }
    return null
  }
}
