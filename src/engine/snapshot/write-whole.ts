import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../std/make-directory.ts'
import { processOwnedName } from '../std/process-owned-name.ts'

export interface WholeFilePlace {
  /** Of the snapshot store that holds the file: what a process that dies leaves of it lies in `tmp` there, like all it leaves. */
  storeDirectory: string
  /** No two calls may share it. */
  uniqueName: string
}

/** Writes a file that other processes may read at the same moment: they see the old content or the new one, never a part. */
export async function writeWhole(path: string, content: string, place: WholeFilePlace): Promise<void> {
  const directory = join(place.storeDirectory, 'tmp')
  await makeDirectory(directory, { mode: 0o700 })
  const temporary = join(directory, processOwnedName(place.uniqueName))
  await writeFile(temporary, content, { mode: 0o600 })
  await rename(temporary, path)
}
