import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { openPosixFlatObjectStorage } from '../../src/engine/adapters/objects/posixflat.ts'
import { openS3ObjectStorage, type S3ObjectStorage } from '../../src/engine/adapters/objects/s3.ts'
import { createLog, systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { S3Server } from '../support/s3-server.ts'
import { startS3rver } from '../support/s3rver-process.ts'
import { type ObjectStorageSubject, objectStorageContract } from './object-storage.ts'

objectStorageContract('memory', { conditionalPut: true, flat: true }, async () => {
  return { objects: new MemoryObjectStorage({ clock: systemClock }) }
})

objectStorageContract('posix', { conditionalPut: true, flat: false }, () => inDirectory(openPosixObjectStorage))
objectStorageContract('posixflat', { conditionalPut: true, flat: true }, () => inDirectory(openPosixFlatObjectStorage))

objectStorageContract('S3, own server, pages of two', { conditionalPut: true, flat: true }, async () => {
  const server = await S3Server.start()
  server.pageSizeMax = 2
  const objects = await openS3({ endpoint: server.endpoint, accessKeyId: 'key', secretAccessKey: 'secret' })
  return {
    objects,
    checkNothingLeft: async () => expect(server.unfinishedUploads()).toEqual([]),
    close: async () => {
      objects.close()
      await server.stop()
    },
  }
})

// This server knows nothing of conditional writes.
objectStorageContract('S3, s3rver', { conditionalPut: false, flat: true }, async () => {
  const server = await startS3rver()
  const objects = await openS3({ endpoint: server.endpoint, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' })
  return {
    objects,
    close: async () => {
      objects.close()
      await server.stop()
    },
  }
})

function openS3(access: { endpoint: string; accessKeyId: string; secretAccessKey: string }): Promise<S3ObjectStorage> {
  const log = createLog('error', () => undefined)
  return openS3ObjectStorage({ ...access, bucket: 'agola', clock: systemClock, log })
}

async function inDirectory(open: typeof openPosixObjectStorage): Promise<ObjectStorageSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-objects-'))
  return {
    objects: await open({ directory, clock: systemClock, random: systemRandom }),
    checkNothingLeft: async () => expect(await readdir(join(directory, 'tmp'))).toEqual([]),
    close: () => rm(directory, { recursive: true, force: true }),
  }
}
