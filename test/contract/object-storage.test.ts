import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { openPosixFlatObjectStorage } from '../../src/engine/adapters/objects/posixflat.ts'
import { systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { type ObjectStorageSubject, objectStorageContract } from './object-storage.ts'

objectStorageContract('memory', { conditionalPut: true, flat: true }, async () => {
  return { objects: new MemoryObjectStorage({ clock: systemClock }) }
})

objectStorageContract('posix', { conditionalPut: true, flat: false }, () => inDirectory(openPosixObjectStorage))
objectStorageContract('posixflat', { conditionalPut: true, flat: true }, () => inDirectory(openPosixFlatObjectStorage))

async function inDirectory(open: typeof openPosixObjectStorage): Promise<ObjectStorageSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-objects-'))
  return {
    objects: await open({ directory, clock: systemClock, random: systemRandom }),
    checkNothingLeft: async () => expect(await readdir(join(directory, 'tmp'))).toEqual([]),
    close: () => rm(directory, { recursive: true, force: true }),
  }
}
