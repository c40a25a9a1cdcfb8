import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { configNames } from './config/find-config.ts'
import type { DirectRunRequest } from './direct-run-interface.ts'
import { AgolaError } from './model/errors.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import { gitOfSnapshot } from './snapshot/take-snapshot.ts'

/** Why a snapshot has no config though its work tree has one: whoever is told that there is none would write another one over it.
 *  null: there is none in the work tree either. */
export async function leftOutConfig(
  { environment, source }: Pick<DirectRunRequest, 'environment' | 'source'>,
  snapshot: Pick<Snapshot, 'topDirectory' | 'plainGitDirectory'>,
): Promise<AgolaError | null> {
  const file = await configIn(snapshot.topDirectory)
  if (file === null) return null
  const git = gitOfSnapshot(snapshot, environment)
  const { exitCode } = await git.try(['check-ignore', '--quiet', '--', file], { cwd: snapshot.topDirectory })
  if (exitCode === 0) {
    const add = snapshot.plainGitDirectory === null ? `git add --force ${file}, or ` : ''
    return new AgolaError('configNotFound', `${file} is ignored by git and so left out: ${add}run with --ignored`)
  }
  if (source.untracked) return null
  return new AgolaError(
    'configNotFound',
    `${file} is untracked, and --no-untracked leaves it out: git add ${file}, or leave out --no-untracked`,
  )
}

async function configIn(directory: string): Promise<string | null> {
  for (const name of configNames) {
    const found = await stat(join(directory, '.agola', name)).catch(() => null)
    if (found?.isFile()) return `.agola/${name}`
  }
  return null
}
