import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a directory and what is missing above it; one that is there is fine. Fails with what the system says of the first that cannot be
 *  made. Node's own `recursive` calls a read-only file system a missing file, and never ends where a directory lets nothing be
 *  made in it and says that it is not there, as `/proc` does. */
export async function makeDirectory(path: string, options: { mode?: number } = {}): Promise<void> {
  try {
    await mkdir(path, options)
  } catch (error) {
    const parent = dirname(path)
    if (codeOf(error) !== 'ENOENT' || parent === path) return await expectDirectory(path, error)
    await makeDirectory(parent, options)
    await mkdir(path, options).catch((again: unknown) => expectDirectory(path, again))
  }
}

async function expectDirectory(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found === null || !found.isDirectory()) throw error
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
