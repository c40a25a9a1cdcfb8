import type { LoopService } from '../../../std/run-loop.ts'
import type { Bucket } from './bucket.ts'

/** Removes what uploads of dead processes left in the bucket (spec/storage.md 13.6). To be stepped about once a day; any process may. */
export class UploadSweep implements LoopService {
  readonly name = 'upload sweep'
  readonly #bucket: Pick<Bucket, 'sweepUploads'>

  constructor(bucket: Pick<Bucket, 'sweepUploads'>) {
    this.#bucket = bucket
  }

  step(signal: AbortSignal): Promise<void> {
    return this.#bucket.sweepUploads(signal)
  }
}
