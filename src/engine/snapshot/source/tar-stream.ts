import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AgolaError } from '../../model/errors.ts'
import { entryBytes, type FileRange, padded, type TarEntry, tarEndBytes, tarHeader } from './tar-entry.ts'

/** Pieces that the stream hands out. */
const pieceBytes = 256 * 1024

export function tarBytes(entries: readonly TarEntry[]): number {
  let total = tarEndBytes
  for (const entry of entries) total += entryBytes(entry)
  return total
}

/** The archive of the entries, read from their files while it is asked for. */
export function tarStream(entries: readonly TarEntry[], mtimeSeconds: number): Readable {
  return Readable.from(pieces(entries, mtimeSeconds), { objectMode: false, highWaterMark: 2 * pieceBytes })
}

async function* pieces(entries: readonly TarEntry[], mtimeSeconds: number): AsyncGenerator<Buffer> {
  const output = new OutputPieces()
  const windows = new FileWindows()
  for (const entry of entries) {
    output.write(tarHeader(entry, mtimeSeconds))
    if (entry.kind === 'file') {
      const { content } = entry
      if (Buffer.isBuffer(content)) output.write(content)
      else if (content.size <= pieceBytes) output.write(await windows.read(content))
      else
        for await (const part of largeContent(content)) {
          output.write(part)
          yield* output.take()
        }
      const size = Buffer.isBuffer(content) ? content.length : content.size
      output.fill(padded(size) - size)
    }
    yield* output.take()
  }
  output.fill(tarEndBytes)
  yield* output.take()
  yield* output.end()
}

/** Collects many small writes into few pieces. */
class OutputPieces {
  #full: Buffer[] = []
  #current = Buffer.allocUnsafe(pieceBytes)
  #used = 0

  write(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; ) {
      const copied = bytes.copy(this.#current, this.#used, start)
      start += copied
      this.#advance(copied)
    }
  }

  fill(count: number): void {
    for (let left = count; left > 0; ) {
      const part = Math.min(left, pieceBytes - this.#used)
      this.#current.fill(0, this.#used, this.#used + part)
      left -= part
      this.#advance(part)
    }
  }

  take(): Buffer[] {
    return this.#full.splice(0)
  }

  end(): Buffer[] {
    return this.#used === 0 ? [] : [this.#current.subarray(0, this.#used)]
  }

  #advance(count: number): void {
    this.#used += count
    if (this.#used < pieceBytes) return
    this.#full.push(this.#current)
    this.#current = Buffer.allocUnsafe(pieceBytes)
    this.#used = 0
  }
}

/** Small contents that lie side by side in a file are read together. */
class FileWindows {
  readonly #windows = new Map<FileHandle, { start: number; bytes: Buffer }>()

  async read(range: FileRange): Promise<Buffer> {
    if (range.size === 0) return Buffer.alloc(0)
    let window = this.#windows.get(range.file)
    if (
      window === undefined ||
      range.offset < window.start ||
      range.offset + range.size > window.start + window.bytes.length
    ) {
      const { buffer, bytesRead } = await range.file.read(
        Buffer.allocUnsafe(2 * pieceBytes),
        0,
        2 * pieceBytes,
        range.offset,
      )
      window = { start: range.offset, bytes: buffer.subarray(0, bytesRead) }
      this.#windows.set(range.file, window)
    }
    const start = range.offset - window.start
    if (start + range.size > window.bytes.length) throw truncated()
    return window.bytes.subarray(start, start + range.size)
  }
}

async function* largeContent(range: FileRange): AsyncGenerator<Buffer> {
  for (let done = 0; done < range.size; ) {
    const length = Math.min(pieceBytes, range.size - done)
    const { buffer, bytesRead } = await range.file.read(Buffer.allocUnsafe(length), 0, length, range.offset + done)
    if (bytesRead === 0) throw truncated()
    done += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

function truncated(): AgolaError {
  return new AgolaError('snapshotFailed', 'A file of the snapshot has become shorter since it was written.')
}
