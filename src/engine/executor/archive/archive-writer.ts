import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { AgolaError } from '../../model/errors.ts'
import { makeDirectory } from '../../std/make-directory.ts'
import { blockBytes, endOfArchive, paddingBytes, type TarEntry, TarHeaders, tarHeader } from './tar-header.ts'
import { TarReader } from './tar-reader.ts'

const copyBytes = 1024 * 1024

/** What becomes of an entry: its name in the archive; undefined leaves it out. */
export type SelectEntry = (entry: TarEntry) => string | undefined

/** Writes an archive to a file that gets its name when all is there (spec/executor.md 11). A name is written once. */
export class ArchiveWriter {
  readonly #path: string
  readonly #handle: FileHandle
  #sizeBytes = 0
  /** Where the header of each entry begins. */
  readonly #headers = new Map<string, number>()

  private constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  static async create(path: string): Promise<ArchiveWriter> {
    await makeDirectory(dirname(path), { mode: 0o700 })
    return new ArchiveWriter(path, await open(`${path}.part`, 'w+', 0o600))
  }

  get entries(): number {
    return this.#headers.size
  }

  has(name: string): boolean {
    return this.#headers.has(name)
  }

  /** Takes a tar and keeps what `select` names. Its errors, those of `select` included, are the stream's. */
  sink(select: SelectEntry): TarSink {
    return new TarSink(this, select)
  }

  /** A second file with the content of one that the archive has. */
  async copy(from: string, name: string): Promise<void> {
    const source = this.#headers.get(from)
    if (source === undefined) throw new AgolaError('assertionFailed', `the archive has no ${from}`)
    const { entry, contentStart } = await this.#entryAt(source)
    await this.write([this.begin(name, entry)])
    for (let copied = 0; copied < entry.sizeBytes; ) {
      const length = Math.min(copyBytes, entry.sizeBytes - copied)
      const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(length), 0, length, contentStart + copied)
      await this.write([buffer.subarray(0, bytesRead)])
      copied += bytesRead
    }
    await this.write([Buffer.alloc(paddingBytes(entry.sizeBytes))])
  }

  /** Header of the next entry, which its caller writes at once. `archiveInvalid` when the archive has the name already. */
  begin(name: string, entry: TarEntry, pendingBytes = 0): Buffer {
    if (this.#headers.has(name)) {
      throw new AgolaError('archiveInvalid', `"${name}" would be in the archive twice; change dest_dir or paths`)
    }
    this.#headers.set(name, this.#sizeBytes + pendingBytes)
    const { type, linkName, sizeBytes, mode, mtime, header } = entry
    if (type !== 'file' && type !== 'directory' && type !== 'symlink') {
      throw new AgolaError('assertionFailed', `an entry of type ${type} cannot be archived`)
    }
    return tarHeader({ name, type, linkName, sizeBytes, mode, mtime }, header)
  }

  async write(pieces: Buffer[]): Promise<void> {
    try {
      const { bytesWritten } = await this.#handle.writev(pieces, this.#sizeBytes)
      const expected = pieces.reduce((sum, piece) => sum + piece.length, 0)
      if (bytesWritten !== expected) throw noSpace(this.#path)
      this.#sizeBytes += bytesWritten
    } catch (error) {
      throw error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? noSpace(this.#path, error) : error
    }
  }

  /** Completes the archive; only now it has its name. */
  async finish(): Promise<{ sizeBytes: number }> {
    await this.write([endOfArchive])
    await this.#handle.close()
    await rename(`${this.#path}.part`, this.#path)
    return { sizeBytes: this.#sizeBytes }
  }

  /** Gives up; safe after `finish`. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
    await rm(`${this.#path}.part`, { force: true })
  }

  async #entryAt(start: number): Promise<{ entry: TarEntry; contentStart: number }> {
    const headers = new TarHeaders()
    let position = start
    for (;;) {
      const block = await this.#readAt(position, blockBytes)
      position += blockBytes
      const read = headers.read(block)
      if (read.kind === 'entry') return { entry: read.entry, contentStart: position }
      if (read.kind === 'end') throw new AgolaError('assertionFailed', `no entry at ${start}`)
      headers.describe(await this.#readAt(position, read.sizeBytes))
      position += read.sizeBytes + paddingBytes(read.sizeBytes)
    }
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const { buffer } = await this.#handle.read(Buffer.alloc(length), 0, length, position)
    return buffer
  }
}

/** The tar of one content on its way into the archive. `end` it to learn whether it was whole. */
export class TarSink extends Writable {
  readonly #writer: ArchiveWriter
  readonly #reader: TarReader
  #pieces: Buffer[] = []
  #pendingBytes = 0
  #bytesRead = 0

  constructor(writer: ArchiveWriter, select: SelectEntry) {
    super({ highWaterMark: 1024 * 1024 })
    this.#writer = writer
    this.#reader = new TarReader({
      entry: (entry) => {
        const name = select(entry)
        if (name === undefined) return false
        this.#emit(writer.begin(name, entry, this.#pendingBytes))
        return true
      },
      content: (piece) => this.#emit(piece),
      entryEnd: (sizeBytes) => {
        if (paddingBytes(sizeBytes) > 0) this.#emit(zeros.subarray(0, paddingBytes(sizeBytes)))
      },
    })
    // Whoever waits for the end hears of it there.
    this.on('error', () => undefined)
  }

  /** 0: there was no tar at all. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#take([chunk]).then(() => done(), done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#take(chunks.map(({ chunk }) => chunk)).then(() => done(), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    try {
      if (this.#bytesRead > 0) this.#reader.end()
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #take(chunks: Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      this.#bytesRead += chunk.length
      this.#reader.push(chunk)
    }
    const pieces = this.#pieces
    this.#pieces = []
    this.#pendingBytes = 0
    if (pieces.length > 0) await this.#writer.write(pieces)
  }

  #emit(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#pendingBytes += piece.length
  }
}

const zeros = Buffer.alloc(blockBytes)

function noSpace(path: string, cause?: unknown): AgolaError {
  return new AgolaError('diskFull', `no space left on the device for the archive ${path}`, { cause })
}
