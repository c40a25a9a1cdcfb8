import { lchown, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Gives a directory and all that is in it to a user and the group of the same number. */
export async function chownTree(directory: string, userId: number): Promise<void> {
  const entries = await readdir(directory, { recursive: true })
  for (const path of [directory, ...entries.map((entry) => join(directory, entry))]) await lchown(path, userId, userId)
}
