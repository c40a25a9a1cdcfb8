import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AgolaError } from '../../model/errors.ts'
import { readAhead } from '../../std/read-ahead.ts'
import { entryBytes, type FileRange, padded, type TarEntry, tarEndBytes, tarHeader } from './tar-entry.ts'

/** Pieces that the stream hands out, and how many of them are read at the same time. An entry takes at least two blocks of 512
 *  bytes, so no piece asks for more parts at once than the 1024 that systems allow. */
const pieceBytes = 512 * 1024
const piecesMax = 4

export function tarBytes(entries: readonly TarEntry[]): number {
  let total = tarEndBytes
  for (const entry of entries) total += entryBytes(entry)
  return total
}

/** The archive of the entries, read from their files while it is asked for. The stream itself holds one piece at most: of several it
 *  would make one, by copying them. */
export function tarStream(entries: readonly TarEntry[], mtimeSeconds: number): Readable {
  return Readable.from(readAhead(readsOf(entries, mtimeSeconds), piecesMax), { objectMode: false, highWaterMark: 1 })
}

function* readsOf(entries: readonly TarEntry[], mtimeSeconds: number): Generator<() => Promise<Buffer>> {
  for (const piece of plan(entries, mtimeSeconds)) yield () => piece.read()
}

/** Lays the archive out in pieces: headers are written at once, contents are noted to be read into their places. */
function* plan(entries: readonly TarEntry[], mtimeSeconds: number): Generator<Piece> {
  let piece = new Piece()
  for (const entry of entries) {
    const header = tarHeader(entry, mtimeSeconds)
    for (let done = 0; done < header.length; ) {
      done += piece.write(header, done)
      if (piece.isFull) piece = yield* handOut(piece)
    }
    if (entry.kind !== 'file') continue
    const { content } = entry
    const size = Buffer.isBuffer(content) ? content.length : content.size
    for (let done = 0; done < size; ) {
      done += Buffer.isBuffer(content) ? piece.write(content, done) : piece.plan(content, done)
      if (piece.isFull) piece = yield* handOut(piece)
    }
    for (let left = padded(size) - size; left > 0; ) {
      left -= piece.fill(left)
      if (piece.isFull) piece = yield* handOut(piece)
    }
  }
  for (let left = tarEndBytes; left > 0; ) {
    left -= piece.fill(left)
    if (piece.isFull) piece = yield* handOut(piece)
  }
  yield piece
}

function* handOut(piece: Piece): Generator<Piece, Piece> {
  yield piece
  return new Piece()
}

interface PlannedRead {
  file: FileHandle
  position: number
  views: Buffer[]
  /** Position behind the last view. */
  end: number
}

/** Contents that lie side by side in a file are read in one go, each into its place. */
class Piece {
  readonly #bytes = Buffer.allocUnsafe(pieceBytes)
  readonly #reads: PlannedRead[] = []
  #used = 0

  get isFull(): boolean {
    return this.#used === pieceBytes
  }

  /** Bytes of `source` from `start` on that had room. */
  write(source: Buffer, start: number): number {
    const count = source.copy(this.#bytes, this.#used, start)
    this.#used += count
    return count
  }

  fill(count: number): number {
    const part = Math.min(count, pieceBytes - this.#used)
    this.#bytes.fill(0, this.#used, this.#used + part)
    this.#used += part
    return part
  }

  plan(range: FileRange, done: number): number {
    const part = Math.min(range.size - done, pieceBytes - this.#used)
    const view = this.#bytes.subarray(this.#used, this.#used + part)
    const position = range.offset + done
    const last = this.#reads.at(-1)
    if (last !== undefined && last.file === range.file && last.end === position) {
      last.views.push(view)
      last.end += part
    } else {
      this.#reads.push({ file: range.file, position, views: [view], end: position + part })
    }
    this.#used += part
    return part
  }

  async read(): Promise<Buffer> {
    for (const { file, position, views, end } of this.#reads) {
      const { bytesRead } = await file.readv(views, position)
      if (bytesRead !== end - position) {
        throw new AgolaError('snapshotFailed', 'A file of the snapshot has become shorter since it was written.')
      }
    }
    return this.#bytes.subarray(0, this.#used)
  }
}
