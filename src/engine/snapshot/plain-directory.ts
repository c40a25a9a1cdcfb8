import { appendFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import { makeDirectory } from '../std/make-directory.ts'
import { isOfDeadProcess, processOwnedName } from '../std/process-owned-name.ts'
import { Git } from './git.ts'
import { uuidOfPath } from './repo-uuid.ts'

/** A directory that belongs to no git repository, and the git directory in our state that stands in for one: with it everything that
 *  takes and reads snapshots works as in a repository without a commit (spec/local-runs.md 4). */
export interface PlainDirectory {
  /** Absolute, links resolved. */
  topDirectory: string
  gitDirectory: string
}

/** What runs on a plain directory are told that they run on. */
const branch = 'local'
const temporaryPrefix = 'git.'

type Environment = Readonly<Record<string, string | undefined>>

export interface OpenPlainDirectoryRequest {
  directory: string
  environment: Environment
  stateDirectory: string
  /** No two calls may share it. */
  uniqueName: string
}

/** Takes a directory for what it is; the first time makes the git directory beside what is stored about its runs. `notAGitRepository`
 *  when there is no such directory, `flagConflict` when it is the top of a repository. */
export async function openPlainDirectory(
  { directory, environment, stateDirectory, uniqueName }: OpenPlainDirectoryRequest,
  options: CallOptions = {},
): Promise<PlainDirectory> {
  const topDirectory = await realDirectory(directory)
  if (await exists(join(topDirectory, '.git'))) {
    const message = `${topDirectory} is a git repository: leave --no-git away, so that its runs, caches and history are those of the repository.`
    throw new AgolaError('flagConflict', message)
  }
  const gitDirectory = gitDirectoryOf(topDirectory, stateDirectory)
  if (!(await exists(gitDirectory))) {
    const parent = dirname(gitDirectory)
    await removeAbandoned(parent)
    const temporary = join(parent, `${temporaryPrefix}${processOwnedName(uniqueName)}`)
    await createGitDirectory({ topDirectory, gitDirectory: temporary }, environment, options)
    try {
      await rename(temporary, gitDirectory)
    } catch (error) {
      // Another process was faster, with the same content.
      await rm(temporary, { recursive: true, force: true })
      if (!(await exists(gitDirectory))) throw error
    }
  }
  return { topDirectory, gitDirectory }
}

/** The nearest directory upwards that was run as a plain one; null when there is none, or a git repository is nearer. */
export async function knownPlainDirectory(directory: string, stateDirectory: string): Promise<PlainDirectory | null> {
  let path = await realpath(directory).catch(() => null)
  for (; path !== null; path = dirname(path) === path ? null : dirname(path)) {
    if (await exists(join(path, '.git'))) return null
    const gitDirectory = gitDirectoryOf(path, stateDirectory)
    if (await exists(gitDirectory)) return { topDirectory: path, gitDirectory }
  }
  return null
}

/** git that works on a plain directory, wherever it is started. */
export function gitOfPlainDirectory({ topDirectory, gitDirectory }: PlainDirectory, environment: Environment): Git {
  return new Git(environment, { GIT_DIR: gitDirectory, GIT_WORK_TREE: topDirectory })
}

async function createGitDirectory(
  plain: PlainDirectory,
  environment: Environment,
  { signal }: CallOptions,
): Promise<void> {
  const { topDirectory, gitDirectory } = plain
  await makeDirectory(dirname(gitDirectory), { mode: 0o700 })
  const git = gitOfPlainDirectory(plain, environment)
  const args = ['-c', 'init.defaultObjectFormat=sha1', '-c', 'init.defaultRefFormat=files', 'init', '--quiet']
  await git.run([...args, '--template='], { cwd: topDirectory, signal })
  await writeFile(join(gitDirectory, 'HEAD'), `ref: refs/heads/${branch}\n`)
  await appendFile(join(gitDirectory, 'config'), `[agola]\n\trepouuid = ${uuidOfPath(topDirectory)}\n`)
}

/** What processes left that died while they made one. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(temporaryPrefix))
  const abandoned = names.filter((name) => isOfDeadProcess(name.slice(temporaryPrefix.length)))
  for (const name of abandoned) await rm(join(parent, name), { recursive: true, force: true })
}

function gitDirectoryOf(topDirectory: string, stateDirectory: string): string {
  return join(stateDirectory, 'repos', uuidOfPath(topDirectory), 'git')
}

async function realDirectory(directory: string): Promise<string> {
  const real = await realpath(directory).catch(() => null)
  if (real !== null && (await stat(real)).isDirectory()) return real
  throw new AgolaError('notAGitRepository', `${directory} is not a directory.`)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}
