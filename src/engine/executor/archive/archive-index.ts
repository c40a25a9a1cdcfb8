import { open } from 'node:fs/promises'
import { blockBytes, invalid, paddingBytes, type TarEntry, TarHeaders } from './tar-header.ts'

/** More entries are no workspace or cache but an attack on the memory of whoever restores it. */
export const archiveEntriesMax = 1_000_000
/** Contents are skipped, so a read takes little more than the next header. */
const windowBytes = 4096

export interface IndexedEntry extends Omit<TarEntry, 'header'> {
  /** Where its headers begin, and where its content does. */
  start: number
  contentStart: number
}

/** The entries of an archive in a file, in their order, without reading the contents. `archiveInvalid` when it is damaged or cut off. */
export async function readArchiveIndex(file: string): Promise<IndexedEntry[]> {
  const window = await HeaderWindow.open(file)
  try {
    const headers = new TarHeaders()
    const entries: IndexedEntry[] = []
    let start = 0
    for (let position = 0; ; ) {
      const read = headers.read(await window.read(position, blockBytes))
      position += blockBytes
      if (read.kind === 'end') return entries
      const sizeBytes = read.kind === 'description' ? read.sizeBytes : read.entry.sizeBytes
      const next = position + sizeBytes + paddingBytes(sizeBytes)
      if (next > window.sizeBytes) throw invalid('no end: it was cut off')
      if (read.kind === 'description') headers.describe(await window.read(position, sizeBytes))
      else {
        const { header: _, ...entry } = read.entry
        entries.push({ ...entry, start, contentStart: position })
        if (entries.length > archiveEntriesMax) throw invalid(`more than ${archiveEntriesMax} entries`)
        start = next
      }
      position = next
    }
  } finally {
    await window.close()
  }
}

/** Reads small parts of a file in rising order. */
class HeaderWindow {
  readonly sizeBytes: number
  readonly #handle: Awaited<ReturnType<typeof open>>
  #start = 0
  #data: Buffer = Buffer.alloc(0)

  private constructor(handle: Awaited<ReturnType<typeof open>>, sizeBytes: number) {
    this.#handle = handle
    this.sizeBytes = sizeBytes
  }

  static async open(file: string): Promise<HeaderWindow> {
    const handle = await open(file, 'r')
    return new HeaderWindow(handle, (await handle.stat()).size)
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (position + length > this.sizeBytes) throw invalid('no end: it was cut off')
    const offset = position - this.#start
    if (offset >= 0 && offset + length <= this.#data.length) return this.#data.subarray(offset, offset + length)
    const buffer = Buffer.allocUnsafe(Math.max(length, windowBytes))
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position)
    if (bytesRead < length) throw invalid('no end: it was cut off')
    this.#start = position
    this.#data = buffer.subarray(0, bytesRead)
    return this.#data.subarray(0, length)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
