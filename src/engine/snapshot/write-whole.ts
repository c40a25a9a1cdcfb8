import { rename, writeFile } from 'node:fs/promises'

/** Writes a file that other processes may read at the same moment: they see the old content or the new one, never a part.
 *  `uniqueName` is part of the name of a file that exists for a moment; no two calls may share it. */
export async function writeWhole(path: string, content: string, uniqueName: string): Promise<void> {
  const temporary = `${path}.${uniqueName}`
  await writeFile(temporary, content, { mode: 0o600 })
  await rename(temporary, path)
}
