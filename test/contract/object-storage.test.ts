import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { openPosixFlatObjectStorage } from '../../src/engine/adapters/objects/posixflat.ts'
import { openS3ObjectStorage } from '../../src/engine/adapters/objects/s3.ts'
import { createLog, systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { S3Server } from '../support/s3-server.ts'
import { type ObjectStorageSubject, type ObjectStorageTraits, objectStorageContract } from './object-storage.ts'

const fully: ObjectStorageTraits = {
  conditionalPut: true,
  flat: true,
  concurrentWrites: true,
  byteOrder: true,
  heldBytesMax: null,
  segmentBytesMax: 255,
}

objectStorageContract('memory', fully, async () => {
  return { objects: new MemoryObjectStorage({ clock: systemClock }) }
})

const onDisk = { ...fully, heldBytesMax: 16 * 1024 * 1024 }
objectStorageContract('posix', { ...onDisk, flat: false }, () => inDirectory(openPosixObjectStorage))
objectStorageContract('posixflat', onDisk, () => inDirectory(openPosixFlatObjectStorage))

objectStorageContract('S3, own server, pages of two', fully, async () => {
  const server = await S3Server.start()
  server.pageSizeMax = 2
  const access = { endpoint: server.endpoint, bucket: 'agola', accessKeyId: 'key', secretAccessKey: 'secret' }
  const objects = await openS3ObjectStorage({ ...access, clock: systemClock, log: createLog('error', () => undefined) })
  return {
    objects,
    checkNothingLeft: async () => expect(server.unfinishedUploads()).toEqual([]),
    close: async () => {
      objects.close()
      await server.stop()
    },
  }
})

async function inDirectory(open: typeof openPosixObjectStorage): Promise<ObjectStorageSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-objects-'))
  return {
    objects: await open({ directory, clock: systemClock, random: systemRandom }),
    checkNothingLeft: async () => expect(await readdir(join(directory, 'tmp'))).toEqual([]),
    close: () => rm(directory, { recursive: true, force: true }),
  }
}
