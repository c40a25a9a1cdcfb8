import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { readArchiveIndex } from '../../src/engine/executor/archive/archive-index.ts'
import { checkEntries } from '../../src/engine/executor/archive/check-entries.ts'
import { decodeName, encodeName } from '../../src/engine/executor/archive/name-codec.ts'
import { endOfArchive, paddingBytes, type TarEntry, tarHeader } from '../../src/engine/executor/archive/tar-header.ts'
import { TarReader } from '../../src/engine/executor/archive/tar-reader.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'

const dir = mkdtempSync(join(tmpdir(), 'agola-archive-'))
afterAll(() => rmSync(dir, { recursive: true }))

const part = fc.constantFrom('a', 'b', '.', '..', 'C', 'c', '')
const anyPath = fc
  .tuple(fc.constantFrom('', '/', './'), fc.array(part, { minLength: 1, maxLength: 4 }))
  .map(([root, parts]) => root + parts.join('/'))
const anyEntry = fc.record({
  name: anyPath,
  type: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const),
  linkName: anyPath,
  content: fc.string({ maxLength: 600 }),
  mode: fc.nat({ max: 0o7777 }),
  mtime: fc.nat({ max: 2 ** 31 }),
})

type Given = typeof anyEntry extends fc.Arbitrary<infer T> ? T : never

function toTar(entries: Given[]): Buffer {
  const blocks = entries.flatMap(({ name, type, linkName, content, mode, mtime }) => {
    const body = Buffer.from(type === 'file' ? content : '')
    const fields = { name, type, linkName: type === 'symlink' ? linkName : '', mode, mtime, sizeBytes: body.length }
    return [tarHeader(fields), body, Buffer.alloc(paddingBytes(body.length))]
  })
  return Buffer.concat([...blocks, endOfArchive])
}

/** Extracts in thought: where every entry really ends up, links followed as the kernel does. */
function escapes(entries: { name: string; type: string; linkName: string }[], destination: string): string[] {
  const links = new Map(
    entries
      .filter(({ type }) => type === 'symlink')
      .map(({ name, linkName }) => [posix.join(destination, name), linkName]),
  )
  const resolve = (path: string, depth: number): string => {
    let at = '/'
    for (const step of path.split('/')) {
      if (step === '' || step === '.') continue
      at = step === '..' ? posix.dirname(at) : posix.join(at, step)
      const target = links.get(at)
      if (target !== undefined && depth < 20)
        at = resolve(posix.isAbsolute(target) ? target : `${posix.dirname(at)}/${target}`, depth + 1)
    }
    return at
  }
  const isInside = (path: string) => path === destination || path.startsWith(`${destination}/`)
  return entries
    .flatMap(({ name, type }) => [
      posix.dirname(`${destination}/${name}`),
      ...(type === 'symlink' ? [`${destination}/${name}`] : []),
    ])
    .map((path) => resolve(path, 0))
    .filter((path) => !isInside(path))
}

test('no archive that passes the check has an entry or a link that ends outside the destination', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 6 }), (given) => {
      const indexed = given.map((entry) => ({ ...entry, sizeBytes: 0, isPlain: true, start: 0, contentStart: 0 }))
      try {
        expect(escapes(checkEntries(indexed, '/d'), '/d')).toEqual([])
      } catch (error) {
        if (!(error instanceof AgolaError)) throw error
      }
    }),
    { numRuns: 20_000 },
  )
})

test('the index and the reader see the same entries, in chunks of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEntry, { maxLength: 8 }),
      fc.integer({ min: 1, max: 2000 }),
      async (given, chunkBytes) => {
        const tar = toTar(given)
        const file = join(dir, 'archive.tar')
        writeFileSync(file, tar)
        const indexed = await readArchiveIndex(file)
        const seen: TarEntry[] = []
        const contents: string[] = []
        const reader = new TarReader({
          entry: (entry) => contents.push('') > 0 && seen.push(entry) > 0,
          content: (piece) => {
            contents.push((contents.pop() ?? '') + piece.toString('latin1'))
          },
          entryEnd: () => undefined,
        })
        for (let start = 0; start < tar.length; start += chunkBytes)
          reader.push(tar.subarray(start, start + chunkBytes))
        reader.end()
        expect(indexed.map(({ name, type, mode, mtime }) => ({ name, type, mode, mtime }))).toEqual(
          seen.map(({ name, type, mode, mtime }) => ({ name, type, mode, mtime })),
        )
        expect(
          indexed.map(({ contentStart, sizeBytes }) => tar.toString('latin1', contentStart, contentStart + sizeBytes)),
        ).toEqual(contents)
      },
    ),
    { numRuns: 300 },
  )
})

test('an archive cut anywhere, or with one byte changed, is read or refused, and nothing else', async () => {
  const check = (tar: Buffer) => {
    try {
      const reader = new TarReader({ entry: () => true, content: () => undefined, entryEnd: () => undefined })
      reader.push(tar)
      reader.end()
    } catch (error) {
      if (!(error instanceof AgolaError)) throw error
    }
  }
  fc.assert(
    fc.property(
      fc.array(anyEntry, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (given, place, byte) => {
        const tar = toTar(given)
        check(tar.subarray(0, place % tar.length))
        tar[place % tar.length] = byte
        check(tar)
      },
    ),
    { numRuns: 2000 },
  )
})

test('every sequence of bytes is a name that survives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      expect(encodeName(decodeName(Buffer.from(bytes)))).toEqual(Buffer.from(bytes))
    }),
    { numRuns: 5000 },
  )
})
