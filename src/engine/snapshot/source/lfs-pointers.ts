import type { CallOptions } from '../../ports/call-options.ts'
import type { Git } from '../git.ts'
import type { GitPlace, ListedEntry } from './list-tree.ts'

/** A larger file is no pointer: the specification of Git LFS says so. */
export const pointerBytesMax = 1024
const firstLine = Buffer.from('version https://git-lfs.github.com/spec/v1\n')
const namedMax = 3

/** Whether a file holds what Git LFS keeps in a repository in place of its content. */
export function isLfsPointer(content: Buffer): boolean {
  return (
    content.length >= firstLine.length && content.compare(firstLine, 0, firstLine.length, 0, firstLine.length) === 0
  )
}

/** What to say about a checkout with pointers in place of contents, and how to mend it; null when none of them is meant for Git LFS. Asks
 *  git, so it is for trees that have some. */
export async function lfsWarning(
  git: Git,
  place: GitPlace,
  { pointers, index, signal }: CallOptions & { pointers: readonly ListedEntry[]; index: string },
): Promise<string | null> {
  const paths = await pathsOfLfs(git, place, { pointers, index, signal })
  if (paths.length === 0) return null
  const named = paths.slice(0, namedMax).join(', ')
  const more = paths.length > namedMax ? ` and ${paths.length - namedMax} more` : ''
  const what = paths.length === 1 ? `${named} is a pointer` : `${paths.length} files are pointers`
  const which = paths.length === 1 ? '' : ` (${named}${more})`
  const isInstalled = await isLfsInstalled(git, place, { signal })
  const how = isInstalled ? 'Get the contents with: ' : 'Git LFS is not installed here. Install git-lfs, then: '
  return `warning: ${what} of Git LFS${which}: tasks see that, not the content. ${how}git lfs install && git lfs pull`
}

/** Whether a checkout would ask Git LFS for contents: it is installed, and git is told to use it. */
export async function hasLfs(git: Git, place: GitPlace, options: CallOptions): Promise<boolean> {
  const args = ['config', '--get-regexp', '^filter\\.lfs\\.(smudge|process)$']
  if ((await git.try(args, { cwd: place.cwd, ...options })).exitCode !== 0) return false
  return await isLfsInstalled(git, place, options)
}

async function isLfsInstalled(git: Git, { cwd }: GitPlace, options: CallOptions): Promise<boolean> {
  return (await git.try(['lfs', 'version'], { cwd, ...options })).exitCode === 0
}

async function pathsOfLfs(
  git: Git,
  { cwd, objects }: GitPlace,
  { pointers, index, signal }: CallOptions & { pointers: readonly ListedEntry[]; index: string },
): Promise<string[]> {
  const output = await git.run(['check-attr', '--cached', '-z', '--stdin', 'filter'], {
    cwd,
    env: { GIT_OBJECT_DIRECTORY: objects, GIT_INDEX_FILE: index },
    input: Buffer.from(pointers.map(({ path }) => `${path}\0`).join(''), 'latin1'),
    signal,
  })
  const fields = output.toString().split('\0')
  return fields.flatMap((path, at) => (at % 3 === 0 && fields[at + 2] === 'lfs' ? [path] : []))
}
