import type { CallOptions } from '../ports/call-options.ts'
import { Git } from './git.ts'
import { gitOfPlainDirectory, knownPlainDirectory } from './plain-directory.ts'
import { openRepository, type Repository } from './repository.ts'

export interface FoundRepository {
  /** Works on this repository only. */
  git: Git
  repository: Repository
  /** The repository stands in for a directory that has none. */
  isPlain: boolean
}

/** The repository around a directory, or what stands in for it where the directory was run with --no-git before. `notAGitRepository`,
 *  `gitFailed`. */
export async function findRepository(
  directory: string,
  {
    environment,
    stateDirectory,
  }: { environment: Readonly<Record<string, string | undefined>>; stateDirectory: string },
  options: CallOptions = {},
): Promise<FoundRepository> {
  const plain = await knownPlainDirectory(directory, stateDirectory)
  const git = plain === null ? new Git(environment) : gitOfPlainDirectory(plain, environment)
  const repository = await openRepository(git, plain?.topDirectory ?? directory, options)
  return { git, repository, isPlain: plain !== null }
}
