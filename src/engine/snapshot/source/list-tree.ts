import type { CallOptions } from '../../ports/call-options.ts'
import type { Git } from '../git.ts'

export interface ListedEntry {
  mode: string
  id: string
  /** A byte string: one character a byte. */
  path: string
  /** Id and path as `entryKey` joins them. */
  key: string
}

/** As git lists them, so that a line holds it. */
export function entryKey(id: string, path: string): string {
  return `${id}\t${path}`
}

export interface GitPlace {
  cwd: string
  objects: string
}

/** Every file, directory, link and submodule of a tree, directories before what they hold. */
export async function listTree(git: Git, place: GitPlace, tree: string, options: CallOptions): Promise<ListedEntry[]> {
  const env = { GIT_OBJECT_DIRECTORY: place.objects }
  const output = await git.run(['ls-tree', '-r', '-t', '-z', '--full-tree', tree], { cwd: place.cwd, env, ...options })
  const entries: ListedEntry[] = []
  for (const line of output.toString('latin1').split('\0')) {
    const tab = line.indexOf('\t')
    if (tab < 0) continue
    const id = line.lastIndexOf(' ', tab) + 1
    // All are slices of one string: a tree can have a hundred thousand entries.
    entries.push({ mode: line.slice(0, 6), id: line.slice(id, tab), path: line.slice(tab + 1), key: line.slice(id) })
  }
  return entries
}
