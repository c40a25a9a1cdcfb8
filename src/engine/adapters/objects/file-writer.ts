import type { FileHandle } from 'node:fs/promises'

const batchBytesMax = 1024 * 1024
const unsyncedBytesMax = 32 * 1024 * 1024

/** Appends all chunks. Reads ahead while a write is under way, never more than about two batches; small chunks share a write. With
 *  `persist` the disk takes in what was written while more comes: a sync in the end has little left to wait for.
 *  Returns the number of bytes written. */
export async function writeChunks(
  file: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  { persist = false }: { persist?: boolean | undefined } = {},
): Promise<number> {
  let written = 0
  let synced = 0
  let syncing: Promise<void> | null = null
  let batch: Uint8Array[] = []
  let batchBytes = 0
  let pending: Promise<void> | null = null
  const flush = (): void => {
    pending = writeAll(file, batch)
    // Awaited at the next flush; until then a failure must not count as unhandled.
    pending.catch(() => undefined)
    written += batchBytes
    batch = []
    batchBytes = 0
  }
  const syncNowAndThen = (): void => {
    if (!persist || syncing !== null || written - synced < unsyncedBytesMax) return
    synced = written
    syncing = file.datasync().then(() => {
      syncing = null
    })
    // A failure stays here: awaited in the end, and no other sync begins.
    syncing.catch(() => undefined)
  }
  try {
    for await (const chunk of chunks) {
      batch.push(chunk)
      batchBytes += chunk.length
      if (batchBytes < batchBytesMax) continue
      await pending
      syncNowAndThen()
      flush()
    }
    await pending
    if (batchBytes > 0) flush()
  } finally {
    await pending
    await syncing
  }
  return written
}

async function writeAll(file: FileHandle, chunks: Uint8Array[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const { bytesWritten } = await file.writev(chunks)
  if (bytesWritten === total) return
  // A full disk or a signal can cut a write short; the next one then says why.
  const rest = Buffer.concat(chunks).subarray(bytesWritten)
  for (let done = 0; done < rest.length; ) done += (await file.write(rest, done)).bytesWritten
}
