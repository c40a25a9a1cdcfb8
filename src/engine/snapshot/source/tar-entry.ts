import type { FileHandle } from 'node:fs/promises'

/** Bytes in an open file. */
export interface FileRange {
  file: FileHandle
  offset: number
  size: number
}

export async function readRange({ file, offset, size }: FileRange): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(size), 0, size, offset)
  return buffer
}

/** Paths are byte strings (one character a byte), because git allows any bytes in a name. */
export type TarEntry =
  | { kind: 'file'; path: string; mode: number; content: FileRange | Buffer }
  | { kind: 'directory'; path: string }
  | { kind: 'link'; path: string; target: string }

const blockBytes = 512
const nameBytesMax = 100
/** Above it the size field holds a binary number, as GNU tar writes it. */
const octalSizeMax = 0o77777777777

export function contentSize(entry: TarEntry): number {
  if (entry.kind !== 'file') return 0
  return Buffer.isBuffer(entry.content) ? entry.content.length : entry.content.size
}

/** Of the header and the padded content. */
export function entryBytes(entry: TarEntry): number {
  const extra = entry.kind === 'link' ? longBytes(entry.target) : 0
  return longBytes(tarName(entry)) + extra + blockBytes + padded(contentSize(entry))
}

/** Header blocks in the GNU flavour, which GNU, BSD and busybox tar all read; a long name comes before in an entry of its own. */
export function tarHeader(entry: TarEntry, mtimeSeconds: number): Buffer {
  const name = tarName(entry)
  const target = entry.kind === 'link' ? entry.target : ''
  const blocks: Buffer[] = []
  if (name.length > nameBytesMax) blocks.push(...longEntry('L', name))
  if (target.length > nameBytesMax) blocks.push(...longEntry('K', target))
  const type = entry.kind === 'file' ? '0' : entry.kind === 'directory' ? '5' : '2'
  const mode = entry.kind === 'file' ? entry.mode : entry.kind === 'directory' ? 0o755 : 0o777
  blocks.push(headerBlock({ name, target, type, mode, size: contentSize(entry), mtimeSeconds }))
  return blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks)
}

export function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes
}

/** Two empty blocks end an archive. */
export const tarEndBytes = 2 * blockBytes

function tarName(entry: TarEntry): string {
  return entry.kind === 'directory' ? `${entry.path}/` : entry.path
}

function longBytes(text: string): number {
  return text.length > nameBytesMax ? blockBytes + padded(text.length + 1) : 0
}

function longEntry(type: 'L' | 'K', text: string): Buffer[] {
  const content = Buffer.alloc(padded(text.length + 1))
  content.write(text, 'latin1')
  const header = { name: '././@LongLink', target: '', type, mode: 0o644, size: text.length + 1, mtimeSeconds: 0 }
  return [headerBlock(header), content]
}

interface HeaderFields {
  name: string
  target: string
  type: string
  mode: number
  size: number
  mtimeSeconds: number
}

/** Fields that are the same in all headers. */
const emptyHeader = Buffer.alloc(blockBytes)
emptyHeader.write('0000000\0' + '0000000\0', 108, 'latin1')
emptyHeader.write('        ', 148, 'latin1')
emptyHeader.write('ustar  \0', 257, 'latin1')

function headerBlock(fields: HeaderFields): Buffer {
  const block = Buffer.from(emptyHeader)
  block.write(fields.name.slice(0, nameBytesMax), 0, 'latin1')
  block.write(octal(fields.mode, 7), 100, 'latin1')
  writeSize(block, fields.size)
  block.write(octal(Math.max(0, fields.mtimeSeconds), 11), 136, 'latin1')
  block.write(fields.type, 156, 'latin1')
  block.write(fields.target.slice(0, nameBytesMax), 157, 'latin1')
  let sum = 0
  // Nothing stands behind the magic.
  for (let index = 0; index < 265; index += 1) sum += block[index] ?? 0
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return block
}

function writeSize(block: Buffer, size: number): void {
  if (size <= octalSizeMax) {
    block.write(octal(size, 11), 124, 'latin1')
    return
  }
  block.writeUInt8(0x80, 124)
  block.writeBigUInt64BE(BigInt(size), 128)
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
