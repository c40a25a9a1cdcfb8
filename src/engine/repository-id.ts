import { systemRandom } from './adapters/system.ts'
import { localDirectoriesOf } from './open-local.ts'
import { findRepository } from './snapshot/find-repository.ts'
import { ensureRepoUuid } from './snapshot/repo-uuid.ts'

/** The id under which the runs of the repository around a directory are kept. `notAGitRepository`. */
export async function repoUuidOf(directory: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const { state: stateDirectory } = localDirectoriesOf(directory, environment)
  const { git, repository } = await findRepository(directory, { environment, stateDirectory })
  return await ensureRepoUuid(git, repository, systemRandom)
}
