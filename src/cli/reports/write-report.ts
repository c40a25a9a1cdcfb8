import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { temporaryName } from './report-flag.ts'

const bufferLength = 256 * 1024

/** Writes the pieces to a file that takes its name only when it is whole. */
export async function writeReport(file: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
  const temporary = temporaryName(file)
  const handle = await open(temporary, 'wx')
  try {
    await writePieces(handle, pieces)
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
}

async function writePieces(handle: FileHandle, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
  let waiting = ''
  for await (const piece of pieces) {
    waiting += piece
    if (waiting.length < bufferLength) continue
    await handle.writeFile(waiting)
    waiting = ''
  }
  await handle.writeFile(waiting)
}
