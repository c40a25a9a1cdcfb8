import type { CallOptions } from '../ports/call-options.ts'
import type { Git } from './git.ts'

export interface TreeSize {
  files: number
  /** Of all files as git stores them, before filters. */
  bytes: number
  /** The largest directories at the top, largest first; '' holds the files that lie there themselves. */
  topDirectories: { name: string; bytes: number }[]
}

const topDirectoriesMax = 5

/** A tree above this size gets a warning: it is copied into every task that clones. */
export const treeBytesWarnMin = 500 * 1000 * 1000

/** Adds up the sizes of a tree, in one git process. */
export async function measureTree(
  git: Git,
  place: { cwd: string; objects: string },
  tree: string,
  options: CallOptions = {},
): Promise<TreeSize> {
  const env = { GIT_OBJECT_DIRECTORY: place.objects }
  const listing = await git.run(['ls-tree', '-r', '-l', '-z', '--full-tree', tree], { cwd: place.cwd, env, ...options })
  const sizes = new Map<string, number>()
  let files = 0
  let bytes = 0
  for (const line of listing.toString().split('\0')) {
    const tab = line.indexOf('\t')
    const size = Number(line.slice(0, tab).trimEnd().split(/ +/)[3])
    if (tab < 0 || Number.isNaN(size)) continue
    const path = line.slice(tab + 1)
    const name = path.slice(0, Math.max(0, path.indexOf('/')))
    sizes.set(name, (sizes.get(name) ?? 0) + size)
    files += 1
    bytes += size
  }
  const largest = [...sizes].map(([name, total]) => ({ name, bytes: total })).sort((a, b) => b.bytes - a.bytes)
  return { files, bytes, topDirectories: largest.slice(0, topDirectoriesMax) }
}
