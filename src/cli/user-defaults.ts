import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localDirectoriesOf } from '../engine/open-local.ts'
import type { FlagSource } from './flag-variables.ts'

/** Defaults of flags from the user's `directrun.yml` (spec/local-runs.md 1). Nothing of the repository counts: it could switch on what only
 *  its user may. `definitions` gives the flags that the file may name. `flagInvalid` with the place. */
export async function userDefaults(
  directory: string,
  environment: NodeJS.ProcessEnv,
  definitions: () => unknown,
): Promise<FlagSource> {
  const path = join(localDirectoriesOf(directory, environment).config, 'directrun.yml')
  const read = await readFile(path, 'utf8').catch((error: unknown) => error)
  if (read instanceof Error && 'code' in read && (read.code === 'ENOENT' || read.code === 'ENOTDIR')) return () => null
  const { parseUserDefaults } = await import('./parse-user-defaults.ts')
  const found = parseUserDefaults(path, read, await definitions())
  return (name) => found.get(name) ?? null
}
