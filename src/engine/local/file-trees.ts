import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of all files below a path, 0 when it is not there. A file with several names counts once for each. */
export async function sizeOfTree(path: string): Promise<number> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return 0
  if (!found.isDirectory()) return found.size
  let bytes = 0
  for (const name of await readdir(path).catch(() => [])) bytes += await sizeOfTree(join(path, name))
  return bytes
}

export interface OldFiles {
  directory: string
  /** Changed before this time. */
  before: number
  matches?: RegExp
}

/** Paths of plain files directly in a directory that nobody has changed for long. */
export async function findOldFiles({ directory, before, matches }: OldFiles): Promise<string[]> {
  const found: string[] = []
  for (const name of (await readdir(directory).catch(() => [])).sort()) {
    const path = join(directory, name)
    // The change time: the modification time of a linked file is that of its source.
    const entry = matches === undefined || matches.test(name) ? await lstat(path).catch(() => null) : null
    if (entry?.isFile() && entry.ctimeMs < before) found.push(path)
  }
  return found
}

/** Removes paths with everything below them, and gives the bytes that this freed; with `dryRun` it only measures. */
export async function removeTrees(paths: readonly string[], { dryRun }: { dryRun: boolean }): Promise<number> {
  let bytes = 0
  for (const path of paths) {
    bytes += await sizeOfTree(path)
    if (!dryRun) await rm(path, { recursive: true, force: true })
  }
  return bytes
}
