import { openS3ObjectStorage } from '../../src/engine/adapters/objects/s3.ts'
import { createLog, systemClock } from '../../src/engine/adapters/system.ts'
import { startS3rver } from '../support/s3rver-process.ts'
import { objectStorageContract } from './object-storage.ts'

// This server knows nothing of conditional writes, and little of concurrent calls and of order; what it does, it does over real files.
const traits = {
  conditionalPut: false,
  flat: true,
  concurrentWrites: false,
  byteOrder: false,
  heldBytesMax: 16 * 1024 * 1024,
  segmentBytesMax: 200,
}

objectStorageContract('S3, s3rver', traits, async () => {
  const server = await startS3rver()
  const access = { endpoint: server.endpoint, bucket: 'agola', accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
  const objects = await openS3ObjectStorage({ ...access, clock: systemClock, log: createLog('error', () => undefined) })
  return {
    objects,
    close: async () => {
      objects.close()
      await server.stop()
    },
  }
})
