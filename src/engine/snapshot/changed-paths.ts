import type { CallOptions } from '../ports/call-options.ts'
import type { Git } from './git.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { storeAt } from './snapshot-store.ts'

/** Paths whose content or mode is another one, in order. */
export async function changedPaths(
  git: Git,
  { from, to, stateDirectory }: { from: SnapshotFacts; to: SnapshotFacts; stateDirectory: string },
  options: CallOptions = {},
): Promise<string[]> {
  if (from.treeSha === to.treeSha) return []
  const env = {
    GIT_OBJECT_DIRECTORY: storeAt(stateDirectory, to.workTree.storeId).objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: storeAt(stateDirectory, from.workTree.storeId).objects,
  }
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', from.treeSha, to.treeSha]
  const listing = await git.run(args, { cwd: to.topDirectory, env, ...options })
  return listing.toString().split('\0').filter(Boolean)
}

/** Those of the paths that git does not ignore. They may be gone already. */
export async function notIgnored(
  git: Git,
  topDirectory: string,
  paths: readonly string[],
  options: CallOptions = {},
): Promise<string[]> {
  if (paths.length === 0) return []
  const input = `${paths.join('\0')}\0`
  const { stdout, exitCode } = await git.try(['check-ignore', '-z', '--stdin'], {
    cwd: topDirectory,
    input,
    ...options,
  })
  // 128: a path lies beyond a link or in a submodule, which tells nothing about the others.
  if (exitCode > 1) return [...paths]
  const ignored = new Set(stdout.toString().split('\0'))
  return paths.filter((path) => !ignored.has(path))
}

/** Directories that git ignores, relative to the top; not those inside of them. */
export async function ignoredDirectories(
  git: Git,
  topDirectory: string,
  options: CallOptions = {},
): Promise<Set<string>> {
  const args = ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z']
  const listing = await git.run(args, { cwd: topDirectory, ...options })
  const paths = listing.toString().split('\0')
  return new Set(paths.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1)))
}
