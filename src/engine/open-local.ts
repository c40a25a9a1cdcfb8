import { tmpdir } from 'node:os'
import { systemRandom } from './adapters/system.ts'
import { type Identity, loadIdentity } from './local/identity.ts'
import { createLocalDirectories, type LocalDirectories, localDirectories } from './local/local-directories.ts'
import { homeDirectory, userName } from './this-user.ts'

export interface Local {
  directories: LocalDirectories
  identity: Identity
}

/** Directories and identity of this user on this machine. */
export async function openLocal(directory: string, environment: NodeJS.ProcessEnv): Promise<Local> {
  const directories = localDirectoriesOf(directory, environment)
  await createLocalDirectories(directories)
  return { directories, identity: await loadIdentity(directories.state, systemRandom) }
}

/** Where they are, whether they exist or not. */
export function localDirectoriesOf(directory: string, environment: NodeJS.ProcessEnv): LocalDirectories {
  const machine = { environment, platform: process.platform, homeDirectory: homeDirectory() }
  return localDirectories({ ...machine, temporaryDirectory: tmpdir(), userName: userName() }, directory)
}
