import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPosixObjectStorage } from '../../../src/engine/adapters/objects/posix.ts'
import { systemClock as clock, systemRandom as random } from '../../../src/engine/adapters/system.ts'
import { withLocalArchive } from '../../../src/engine/executor/archive/local-archive.ts'
import { CacheInventory } from '../../../src/engine/runservice/cache-inventory.ts'
import { Caches } from '../../../src/engine/runservice/caches.ts'

const content = 'x'.repeat(1024 * 1024)
const everything = { bytesMax: 0, unusedMsMax: 0 }

describe('a cache that is pruned while somebody reads it', () => {
  let directory: string
  let caches: Caches
  let inventory: CacheInventory
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'agola-caches-'))
    const objects = await openPosixObjectStorage({ directory: join(directory, 'caches'), clock, random })
    caches = new Caches(objects, { notesUse: true })
    inventory = new CacheInventory({ objects, clock })
    await caches.save('p-k', Buffer.from(content))
  })
  afterEach(() => rm(directory, { recursive: true }))

  const prune = async () => {
    await inventory.prune(everything, { dryRun: false })
    expect(await caches.has('p-k')).toBe(false)
  }
  const open = async () => {
    const hit = await caches.open('p-k')
    if (hit === null) throw new Error('the cache is not there')
    return hit
  }

  it('is read to its end', async () => {
    const hit = await open()
    await prune()
    expect(await text(hit.stream())).toBe(content)
  })

  it('is extracted whole, though an archive is read twice', async () => {
    const hit = await open()
    const spool = join(directory, 'spool')
    const read = await withLocalArchive(hit, spool, new AbortController().signal, async (file) => {
      await prune()
      return [await readFile(file, 'utf8'), await readFile(file, 'utf8')]
    })
    expect(read).toEqual([content, content])
  })
})
