import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { makeDirectory } from '../../engine/std/make-directory.ts'

const compress = promisify(deflateRaw)
const expand = promisify(inflateRaw)

/** Logs compress well at any level; the run waits for this one. */
const level = 3

export interface SpooledText {
  offset: number
  length: number
}

/** Compressed texts in one file that has no name: nothing is left of it, however this process ends. */
export class Spool {
  readonly #handle: FileHandle
  #end = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async open(directory: string): Promise<Spool> {
    await makeDirectory(directory)
    const name = join(directory, `agola-report-${randomUUID()}`)
    const handle = await open(name, 'wx+', 0o600)
    await rm(name)
    return new Spool(handle)
  }

  async append(text: string): Promise<SpooledText> {
    const bytes = await compress(text, { level })
    const offset = this.#end
    this.#end += bytes.length
    await this.#write(bytes, offset)
    return { offset, length: bytes.length }
  }

  /** Room for so many bytes, which takes no disk until it is written. */
  reserve(length: number): number {
    const offset = this.#end
    this.#end += length
    return offset
  }

  /** Replaces what was written there before. */
  async put(text: string, offset: number): Promise<SpooledText> {
    const bytes = await compress(text, { level })
    await this.#write(bytes, offset)
    return { offset, length: bytes.length }
  }

  /** As raw deflate. */
  async readCompressed({ offset, length }: SpooledText): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done)
      if (bytesRead === 0) throw new Error('the spooled log is shorter than it was')
      done += bytesRead
    }
    return bytes
  }

  async read(place: SpooledText): Promise<string> {
    return (await expand(await this.readCompressed(place))).toString('utf8')
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      done += (await this.#handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
    }
  }
}
