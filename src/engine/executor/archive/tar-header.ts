import { AgolaError } from '../../model/errors.ts'
import { decodeName, encodeName } from './name-codec.ts'

/** Tar as GNU and busybox write it: blocks of 512 bytes, long names in entries of their own (types L and K). PAX records are read
 *  but never written: busybox does not know them. */
export const blockBytes = 512
const nameBytesMax = 100
/** Longer than any path that Linux takes; beyond it somebody plays. */
const metaBytesMax = 64 * 1024

export type TarType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'fifo'

export interface TarEntry {
  name: string
  type: TarType
  /** Target of a symlink or hard link. */
  linkName: string
  /** Of the content that follows the header. */
  sizeBytes: number
  mode: number
  /** Seconds since the epoch. */
  mtime: number
  /** The plain header as it stands, without what other entries say about it. */
  header: Buffer
  /** Whether `header` alone says everything, in a form that every tar reads. */
  isPlain: boolean
}

export type TarBlock =
  | { kind: 'entry'; entry: TarEntry }
  /** So many bytes of further description follow, for `describe`. */
  | { kind: 'description'; sizeBytes: number }
  | { kind: 'end' }

/** Understands the headers of a tar in their order. */
export class TarHeaders {
  #longName: string | undefined
  #longLink: string | undefined
  #pax = new Map<string, string>()
  #described: 'L' | 'K' | 'x' | 'g' = 'x'

  /** `block` is a header or the end mark. `archiveInvalid` with the reason otherwise. */
  read(block: Buffer): TarBlock {
    if (isZero(block)) return { kind: 'end' }
    checkSum(block)
    const flag = String.fromCharCode(block[156] ?? 0)
    const sizeBytes = numberAt(block, 124, 12)
    if (flag === 'L' || flag === 'K' || flag === 'x' || flag === 'g') {
      if (sizeBytes > metaBytesMax) throw invalid(`a name or description of ${sizeBytes} bytes`)
      this.#described = flag
      return { kind: 'description', sizeBytes }
    }
    const entry = this.#entry(block, flag, sizeBytes)
    this.#longName = undefined
    this.#longLink = undefined
    this.#pax = new Map()
    return { kind: 'entry', entry }
  }

  describe(content: Buffer): void {
    if (this.#described === 'L') this.#longName = textUntilNul(content)
    else if (this.#described === 'K') this.#longLink = textUntilNul(content)
    else if (this.#described === 'x') this.#pax = paxRecords(content)
  }

  #entry(block: Buffer, flag: string, plainSize: number): TarEntry {
    for (const key of this.#pax.keys()) if (key.startsWith('GNU.sparse')) throw invalid('a sparse file')
    const name = this.#pax.get('path') ?? this.#longName ?? plainName(block)
    const linkName = this.#pax.get('linkpath') ?? this.#longLink ?? textUntilNul(block.subarray(157, 257))
    const type = typeOf(flag, name)
    const paxSize = this.#pax.get('size')
    const sizeBytes = paxSize === undefined ? plainSize : wholeNumber(paxSize)
    const paxTime = this.#pax.get('mtime')
    return {
      name,
      type,
      linkName,
      // Some writers give links and directories a size without a content. Only what is marked as a file has one, also when its name
      // makes it a directory.
      sizeBytes: isFileFlag(flag) ? sizeBytes : 0,
      mode: numberAt(block, 100, 8) & 0o7777,
      mtime: paxTime === undefined ? numberAt(block, 136, 12) : Math.trunc(Number(paxTime)) || 0,
      header: block,
      isPlain: this.#pax.size === 0 && this.#longName === undefined && this.#longLink === undefined,
    }
  }
}

/** Bytes that fill the last block of a content. */
export function paddingBytes(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes
}

/** The end of an archive: two empty blocks. */
export const endOfArchive: Buffer = Buffer.alloc(2 * blockBytes)

export interface TarFields {
  name: string
  type: 'file' | 'directory' | 'symlink'
  linkName?: string
  sizeBytes?: number
  mode: number
  mtime: number
}

/** Header blocks for an entry; owner and group are those of `like`, else root's. */
export function tarHeader(fields: TarFields, like?: Buffer): Buffer {
  const name = encodeName(fields.type === 'directory' && !fields.name.endsWith('/') ? `${fields.name}/` : fields.name)
  const linkName = encodeName(fields.linkName ?? '')
  const blocks: Buffer[] = []
  if (linkName.length > nameBytesMax) blocks.push(longText('K', linkName))
  if (name.length > nameBytesMax) blocks.push(longText('L', name))
  const header = Buffer.alloc(blockBytes)
  // Owner, group, their names.
  like?.copy(header, 108, 108, 124)
  like?.copy(header, 265, 265, 329)
  if (like === undefined) {
    header.write('0000000\0', 108, 'latin1')
    header.write('0000000\0', 116, 'latin1')
  }
  name.copy(header, 0, 0, nameBytesMax)
  writeOctal(header, 100, 8, fields.mode & 0o7777)
  writeNumber(header, 124, 12, fields.type === 'file' ? (fields.sizeBytes ?? 0) : 0)
  writeNumber(header, 136, 12, fields.mtime)
  header.write(flags[fields.type], 156, 'latin1')
  linkName.copy(header, 157, 0, nameBytesMax)
  seal(header)
  blocks.push(header)
  return blocks.length === 1 ? header : Buffer.concat(blocks)
}

const flags = { file: '0', directory: '5', symlink: '2' } as const

function longText(flag: 'L' | 'K', text: Buffer): Buffer {
  const header = Buffer.alloc(blockBytes)
  header.write('././@LongLink', 0, 'latin1')
  writeOctal(header, 100, 8, 0)
  writeOctal(header, 108, 8, 0)
  writeOctal(header, 116, 8, 0)
  const size = text.length + 1
  writeNumber(header, 124, 12, size)
  writeNumber(header, 136, 12, 0)
  header.write(flag, 156, 'latin1')
  seal(header)
  return Buffer.concat([header, text, Buffer.alloc(1 + paddingBytes(size))])
}

/** GNU's mark and the sum of all bytes, with which the header is complete. */
function seal(header: Buffer): void {
  header.write('ustar  \0', 257, 'latin1')
  header.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

function writeOctal(header: Buffer, offset: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1')
}

/** Octal, or GNU's binary form for what does not fit. */
function writeNumber(header: Buffer, offset: number, length: number, value: number): void {
  if (value >= 0 && value < 8 ** (length - 1)) {
    writeOctal(header, offset, length, value)
    return
  }
  header.fill(value < 0 ? 0xff : 0, offset, offset + length)
  header.writeBigInt64BE(BigInt(value), offset + length - 8)
  header[offset] = value < 0 ? 0xff : 0x80
}

function numberAt(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0
  if (first === 0x80 || first === 0xff) return Number(block.readBigInt64BE(offset + length - 8))
  const text = block
    .toString('latin1', offset, offset + length)
    .replace(/\0.*$/s, '')
    .trim()
  if (text === '') return 0
  if (!/^[0-7]+$/.test(text)) throw invalid('a header with a number that is none')
  return Number.parseInt(text, 8)
}

function plainName(block: Buffer): string {
  const name = textUntilNul(block.subarray(0, nameBytesMax))
  // In GNU's format other things stand where POSIX has the prefix.
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return name
  const prefix = textUntilNul(block.subarray(345, 500))
  return prefix === '' ? name : `${prefix}/${name}`
}

function isFileFlag(flag: string): boolean {
  return flag === '0' || flag === '\0' || flag === '7'
}

function typeOf(flag: string, name: string): TarType {
  if (isFileFlag(flag)) return name.endsWith('/') ? 'directory' : 'file'
  switch (flag) {
    case '1':
      return 'hardlink'
    case '2':
      return 'symlink'
    case '3':
    case '4':
      return 'device'
    case '5':
      return 'directory'
    case '6':
      return 'fifo'
    default:
      throw invalid(`an entry of the unknown type ${JSON.stringify(flag)} (${name})`)
  }
}

function checkSum(block: Buffer): void {
  let sum = 8 * 0x20
  for (let index = 0; index < blockBytes; index++) if (index < 148 || index >= 156) sum += block[index] ?? 0
  if (numberAt(block, 148, 8) !== sum) throw invalid('a damaged header')
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0)
}

function textUntilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return decodeName(end === -1 ? bytes : bytes.subarray(0, end))
}

function paxRecords(content: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let start = 0; start < content.length && content[start] !== 0; ) {
    const space = content.indexOf(0x20, start)
    const length = space === -1 ? Number.NaN : wholeNumber(content.toString('latin1', start, space))
    const end = start + length
    const equals = content.indexOf(0x3d, start)
    if (!(length > 0) || end > content.length || equals === -1 || equals >= end) throw invalid('a damaged description')
    records.set(content.toString('latin1', space + 1, equals), decodeName(content.subarray(equals + 1, end - 1)))
    start = end
  }
  return records
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid('a description with a number that is none')
  return Number(text)
}

export function invalid(what: string): AgolaError {
  return new AgolaError('archiveInvalid', `the archive has ${what}`)
}
