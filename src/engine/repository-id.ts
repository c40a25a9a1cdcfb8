import { systemRandom } from './adapters/system.ts'
import { Git } from './snapshot/git.ts'
import { ensureRepoUuid } from './snapshot/repo-uuid.ts'
import { openRepository } from './snapshot/repository.ts'

/** The id under which the runs of the repository around a directory are kept. `notAGitRepository`. */
export async function repoUuidOf(directory: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const git = new Git(environment)
  return await ensureRepoUuid(git, await openRepository(git, directory), systemRandom)
}
