import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a directory and what is missing above it; one that is there is fine. Fails with what the system says of the first that cannot be
 *  made. Node's own `recursive` calls a read-only file system a missing file, and never ends where a directory lets nothing be
 *  made in it and says that it is not there, as `/proc` does. Each takes microseconds, where a thread takes longer to hear of it. */
export async function makeDirectory(path: string, options: { mode?: number } = {}): Promise<void> {
  try {
    mkdirSync(path, options)
  } catch (error) {
    const parent = dirname(path)
    if (codeOf(error) !== 'ENOENT' || parent === path) return expectDirectory(path, error)
    await makeDirectory(parent, options)
    makeOne(path, options)
  }
}

function makeOne(path: string, options: { mode?: number }): void {
  try {
    mkdirSync(path, options)
  } catch (error) {
    expectDirectory(path, error)
  }
}

function expectDirectory(path: string, error: unknown): void {
  let isDirectory = false
  try {
    isDirectory = statSync(path).isDirectory()
  } catch {
    // What made it impossible says more.
  }
  if (!isDirectory) throw error
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
