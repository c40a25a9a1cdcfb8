import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { decodeName, encodeName } from '../../../../src/engine/executor/archive/name-codec.ts'
import { endOfArchive, type TarEntry, tarHeader } from '../../../../src/engine/executor/archive/tar-header.ts'
import { TarReader } from '../../../../src/engine/executor/archive/tar-reader.ts'

interface ReadEntry extends Partial<TarEntry> {
  content: string
}

function read(tar: Buffer, chunkBytes: number, wants: (entry: TarEntry) => boolean = () => true): ReadEntry[] {
  const found: ReadEntry[] = []
  const reader = new TarReader({
    entry: (entry) => {
      const { name, type, linkName, sizeBytes, mode, mtime } = entry
      if (wants(entry)) found.push({ name, type, linkName, sizeBytes, mode, mtime, content: '' })
      return wants(entry)
    },
    content: (piece) => {
      const last = found.at(-1)
      if (last !== undefined) last.content += piece.toString()
    },
    entryEnd: (sizeBytes) => expect(found.at(-1)?.content.length).toBe(sizeBytes),
  })
  for (let start = 0; start < tar.length; start += chunkBytes) reader.push(tar.subarray(start, start + chunkBytes))
  reader.end()
  return found
}

const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/file`

async function sample(): Promise<Buffer> {
  const tar = pack()
  tar.entry({ name: 'dir/', type: 'directory', mode: 0o711, mtime: new Date(5000) })
  tar.entry({ name: 'dir/one', mode: 0o4755, mtime: new Date(1e12) }, 'x'.repeat(700))
  tar.entry({ name: 'empty' }, '')
  tar.entry({ name: 'link', type: 'symlink', linkname: long })
  tar.entry({ name: long }, 'long')
  tar.entry({ name: 'ünï', pax: { path: 'from pax', comment: 'x' } } as never, 'p')
  tar.entry({ name: 'dev', type: 'character-device', devmajor: 1, devminor: 3 } as never)
  tar.finalize()
  return buffer(tar)
}

test.each([1, 7, 511, 512, 513, 100_000])('an archive is read the same in chunks of %i bytes', async (chunkBytes) => {
  const entries = read(await sample(), chunkBytes)
  expect(entries.map(({ name, type, linkName }) => [name, type, linkName])).toEqual([
    ['dir/', 'directory', ''],
    ['dir/one', 'file', ''],
    ['empty', 'file', ''],
    ['link', 'symlink', long],
    [long, 'file', ''],
    ['from pax', 'file', ''],
    ['dev', 'device', ''],
  ])
  expect(entries[0]).toMatchObject({ mode: 0o711, mtime: 5 })
  expect(entries[1]).toMatchObject({ mode: 0o4755, mtime: 1e9, content: 'x'.repeat(700) })
  expect(entries[4]?.content).toBe('long')
})

test('what is not wanted is skipped, and what follows still read', async () => {
  const entries = read(await sample(), 300, (entry) => entry.name === 'empty' || entry.name === long)
  expect(entries.map((entry) => entry.content)).toEqual(['', 'long'])
})

test('what we write is read back', () => {
  const fields = { type: 'file', mode: 0o640, mtime: 1_700_000_000, sizeBytes: 3 } as const
  const names = ['short', long, 'x'.repeat(100), `${'y'.repeat(100)}z`, 'odd\udcff', 'ünï']
  const tar = Buffer.concat([
    ...names.flatMap((name) => [tarHeader({ name, ...fields }), Buffer.from('abc'), Buffer.alloc(509)]),
    tarHeader({ name: 'old', type: 'directory', mode: 0o555, mtime: -5 }),
    tarHeader({ name: 'new', type: 'symlink', linkName: long, mode: 0o777, mtime: 2 ** 40 }),
    endOfArchive,
  ])
  const entries = read(tar, 1000)
  expect(entries.map((entry) => entry.name)).toEqual([...names, 'old/', 'new'])
  expect(entries.slice(0, -2).every((entry) => entry.content === 'abc' && entry.mode === 0o640)).toBe(true)
  expect(entries.at(-2)).toMatchObject({ mtime: -5, mode: 0o555 })
  expect(entries.at(-1)).toMatchObject({ mtime: 2 ** 40, linkName: long })
})

test('tars that follow each other are read as one, each with its end', async () => {
  const tar = await sample()
  const two = Buffer.concat([tar, Buffer.alloc(5120), tar])
  for (const chunkBytes of [1, 513, 100_000]) expect(read(two, chunkBytes)).toHaveLength(14)
  for (const cut of [1, 100, 2000])
    expect(() => read(two.subarray(0, two.length - 1024 - cut), 700)).toThrow('was cut off')
  expect(() => read(two.subarray(0, tar.length + 5120 + 100), 700)).toThrow('was cut off')
})

test('a file beyond 8 GiB has its size in binary', () => {
  const header = tarHeader({ name: 'big', type: 'file', mode: 0, mtime: 0, sizeBytes: 9 * 2 ** 30 })
  const entries: TarEntry[] = []
  const visitor = {
    entry: (entry: TarEntry) => entries.push(entry) > 0,
    content: () => undefined,
    entryEnd: () => undefined,
  }
  new TarReader(visitor).push(header)
  expect(entries[0]?.sizeBytes).toBe(9 * 2 ** 30)
})

test.each<[what: string, change: (tar: Buffer) => Buffer]>([
  ['was cut off', (tar) => tar.subarray(0, 600)],
  ['was cut off', (tar) => tar.subarray(0, 512)],
  ['was cut off', () => Buffer.alloc(0)],
  ['a damaged header', (tar) => Buffer.concat([tar.subarray(0, 10), Buffer.from('!'), tar.subarray(11)])],
  ['a header with a number that is none', () => Buffer.from('no tar at all '.repeat(100))],
  ['unknown type', () => withFlag('S')],
  ['bytes', () => withFlag('L', 2 ** 31)],
])('an archive that is none is refused: %s', async (what, change) => {
  expect(() => read(change(tarHeader({ name: 'a', type: 'file', mode: 0, mtime: 0, sizeBytes: 3 })), 512)).toThrow(what)
})

/** A header of another type, with the right sum. */
function withFlag(flag: string, size = 0): Buffer {
  const header = tarHeader({ name: 'a', type: 'file', mode: 0, mtime: 0, sizeBytes: size })
  const difference = flag.charCodeAt(0) - '0'.charCodeAt(0)
  const sum = Number.parseInt(header.toString('latin1', 148, 154), 8) + difference
  header.write(flag, 156)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

test('every name of bytes survives the way to text and back', () => {
  for (const bytes of [[0xff], [0x61, 0xc3], [0xc3, 0xa9], [0xf0, 0x9f, 0x98, 0x80, 0x80], [0xed, 0xb3, 0xbf]]) {
    expect([...encodeName(decodeName(Buffer.from(bytes)))]).toEqual(bytes)
  }
})
