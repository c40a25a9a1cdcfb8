import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AgolaError } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import { readAhead } from '../../std/read-ahead.ts'

/** Fewer bytes cost more in turns between threads, more of them in memory that the system has to clear first. */
const pieceBytesMax = 512 * 1024
const piecesAtOnce = 3

/** Most objects are smaller. */
const smallBytesMax = 64 * 1024

interface FileRange {
  start: number
  /** Exclusive. */
  end: number
}

/** The whole range where it is small, with one read and without a look at the size: each call that is spared is a turn between threads.
 *  null when there may be more. */
export async function readSmall(file: FileHandle, range: { start: number; end?: number }): Promise<Buffer | null> {
  const wanted = Math.max(0, (range.end ?? Number.POSITIVE_INFINITY) - range.start)
  const buffer = Buffer.allocUnsafeSlow(Math.min(wanted, smallBytesMax))
  const { bytesRead } = await file.read(buffer, 0, buffer.length, range.start)
  if (bytesRead === buffer.length && wanted > smallBytesMax) return null
  // A piece of a larger buffer would keep all of it in memory.
  return bytesRead === buffer.length ? buffer : Buffer.from(buffer.subarray(0, bytesRead))
}

/** The bytes of that range; closes the file. Reads ahead, so that the next piece is there when the last one was used.
 *  `storeUnusable` when the file ends within the range. */
export function readFileRange(file: FileHandle, range: FileRange, { signal }: CallOptions = {}): Readable {
  const pieces = readAhead(readsOf(file, range), piecesAtOnce)
  const close = async (): Promise<void> => {
    await pieces.return(undefined)
    await file.close()
  }
  return new Readable({
    // One piece at most is held here: the others are ahead already.
    highWaterMark: 1,
    signal,
    read() {
      pieces.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      )
    },
    destroy(error, callback) {
      close().then(
        () => callback(error),
        (closeError: Error) => callback(error ?? closeError),
      )
    },
  })
}

function* readsOf(file: FileHandle, { start, end }: FileRange): Generator<() => Promise<Buffer>> {
  for (let from = start; from < end; from += pieceBytesMax) {
    yield () => readPiece(file, from, Math.min(pieceBytesMax, end - from))
  }
}

async function readPiece(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(piece, done, length - done, position + done)
    if (bytesRead === 0)
      throw new AgolaError('storeUnusable', `a file of the object storage ends at byte ${position + done}, too soon`)
    done += bytesRead
  }
  return piece
}
