import { type Block, encodeEntry, type StoredEntry } from './data-file.ts'

const blockBytes = 16 * 1024

export interface BuiltFile {
  bytes: Buffer
  blocks: Block[]
  lastId: string
}

/** Packs entries, which come in order, into data files. A file is closed once it exceeds the maximum, so by one entry at most. */
export class FileBuilder {
  readonly #set: string
  readonly #fileBytesMax: number
  readonly #write: (file: BuiltFile) => Promise<void>
  #chunks: Buffer[] = []
  #blocks: Block[] = []
  #open: Block | null = null
  #sizeBytes = 0

  constructor(set: string, fileBytesMax: number, write: (file: BuiltFile) => Promise<void>) {
    this.#set = set
    this.#fileBytesMax = fileBytesMax
    this.#write = write
  }

  /** Of the file that is being built. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async add(entry: StoredEntry): Promise<void> {
    const line = encodeEntry(this.#set, entry)
    this.#open ??= { firstId: entry.id, lastId: entry.id, offset: this.#sizeBytes, length: 0 }
    this.#open.lastId = entry.id
    this.#open.length += line.length
    this.#push(line)
    if (this.#open.length >= blockBytes) this.#endBlock()
    if (this.#sizeBytes > this.#fileBytesMax) await this.flush()
  }

  /** Takes a block of an older file as it is. */
  async addBlock(block: Block, bytes: Buffer): Promise<void> {
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#fileBytesMax) await this.flush()
    this.#endBlock()
    this.#blocks.push({ ...block, offset: this.#sizeBytes })
    this.#push(bytes)
    if (this.#sizeBytes > this.#fileBytesMax) await this.flush()
  }

  /** Writes what there is; nothing at all makes no file. */
  async flush(): Promise<void> {
    this.#endBlock()
    const lastId = this.#blocks.at(-1)?.lastId
    if (lastId === undefined) return
    const file = { bytes: Buffer.concat(this.#chunks), blocks: this.#blocks, lastId }
    this.#chunks = []
    this.#blocks = []
    this.#sizeBytes = 0
    await this.#write(file)
  }

  #push(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#sizeBytes += bytes.length
  }

  #endBlock(): void {
    if (this.#open !== null) this.#blocks.push(this.#open)
    this.#open = null
  }
}
