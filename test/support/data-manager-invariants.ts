import { expect } from 'vitest'
import { decodeEntries, decodeIndex } from '../../src/engine/datamanager/data-file.ts'
import { type DataFile, decodePointer, decodeStatus } from '../../src/engine/datamanager/data-status.ts'
import { decodeHeader, decodeWal } from '../../src/engine/datamanager/wal.ts'
import type { KeyValueStore } from '../../src/engine/ports/key-value-store.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'
import { compareBytes } from '../../src/engine/std/byte-order.ts'
import { keysIn } from './a-data-manager.ts'

interface Stores {
  kv: KeyValueStore
  objects: ObjectStorage
}

/** What must hold of the stores themselves at any time, also right after a crash (spec/storage.md 7: I3, I4, I5, I6, I10). */
export async function checkStores(world: Stores, fileBytesMax: number): Promise<void> {
  const pointer = (await world.kv.get('datamanager/snapshot')).entry
  const stored = (await world.kv.get('datamanager/lastcommittedstoragewalseq')).entry
  const { entries } = await world.kv.range({ prefix: 'datamanager/wals/' })
  const wals = entries.map(({ key, value }) => decodeWal(value, key))
  for (const [at, wal] of wals.entries()) {
    const before = wals[at - 1]
    if (before !== undefined) expect(wal.previous).toBe(before.sequence)
  }
  const storedWal = stored === null ? '' : Buffer.from(stored.value).toString()
  for (const wal of wals.filter(({ sequence }) => sequence <= storedWal)) {
    expect(await keysIn(world, `rundata/wals/status/${wal.sequence}.committed`)).toHaveLength(1)
  }
  await checkHeaders(world, storedWal)
  if (pointer !== null) await checkSnapshot(world, decodePointer(pointer.value).dataSequence, fileBytesMax)
}

/** Data goes before its header, so only the oldest header may be without, and only until the next cleaning. */
async function checkHeaders(world: Stores, storedWal: string): Promise<void> {
  const headers = await keysIn(world, 'rundata/wals/status/')
  for (const key of headers.slice(1)) {
    const { dataFileId } = decodeHeader(await bytesOf(world, key), key)
    expect(await keysIn(world, `rundata/wals/data/${dataFileId}`), `${key}, stored up to ${storedWal}`).toHaveLength(1)
  }
}

async function checkSnapshot(world: Stores, dataSequence: string, fileBytesMax: number): Promise<void> {
  const key = `rundata/data/${dataSequence}.status`
  const status = decodeStatus(await bytesOf(world, key), key)
  for (const [type, files] of status.files) await checkFiles(world, type, files, fileBytesMax)
  for (const [name, { files }] of status.indexes) await checkFiles(world, name, files, fileBytesMax)
}

async function checkFiles(world: Stores, set: string, files: readonly DataFile[], fileBytesMax: number): Promise<void> {
  let last: string | null = null
  for (const file of files) {
    const bytes = await bytesOf(world, `rundata/data/${set}/${file.id}.data`)
    const { blocks } = decodeIndex(await bytesOf(world, `rundata/data/${set}/${file.id}.index`), bytes.length, file.id)
    expect(blocks.map(({ length }) => length).reduce((sum, length) => sum + length, 0)).toBe(bytes.length)
    let offset = 0
    for (const block of blocks) {
      expect(block.offset).toBe(offset)
      offset += block.length
      const entries = decodeEntries(bytes.subarray(block.offset, offset), file.id)
      expect([block.firstId, block.lastId]).toEqual([entries[0]?.id, entries.at(-1)?.id])
      for (const { id } of entries) {
        if (last !== null) expect(compareBytes(last, id)).toBe(-1)
        last = id
      }
    }
    expect(file.lastId).toBe(last)
    expect(file.sizeBytes).toBe(bytes.length)
    const lastEntryBytes = bytes.length - (bytes.lastIndexOf(10, bytes.length - 2) + 1)
    expect(bytes.length - lastEntryBytes).toBeLessThanOrEqual(fileBytesMax)
  }
}

async function bytesOf(world: Stores, key: string): Promise<Buffer> {
  return Buffer.concat(await (await world.objects.get(key)).toArray())
}
