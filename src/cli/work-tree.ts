import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { configFiles } from '../engine/config/find-config.ts'
import { AgolaError } from '../engine/model/errors.ts'
import { leadsOut } from '../engine/std/leads-out.ts'

/** A directory read as a config tree: what `config validate` and its like look at, without git and without a snapshot. */
export interface WorkTree {
  directory: string
  readFile(path: string): Promise<Uint8Array | null>
  readLink(path: string): Promise<string | null>
  listFiles(directory: string): Promise<string[]>
}

/** The tree whose config counts in a directory: the repository's, by its root; outside of one, the nearest upwards with an `.agola`. */
export async function workTreeAround(from: string, topDirectory: string | null): Promise<WorkTree> {
  return openWorkTree(topDirectory ?? (await nearestWithConfig(from)) ?? from)
}

/** The tree to which `path` belongs, and the file in it that is meant: `path` is a directory, or a config file in its `.agola`. */
export async function findWorkTree(from: string, path: string): Promise<{ tree: WorkTree; file: string | undefined }> {
  const full = resolve(from, path)
  // A link that leads nowhere is there all the same: what is wrong with it is told where it is read.
  const found = await stat(full).catch(() => lstat(full).catch(() => null))
  if (found === null)
    throw new AgolaError(
      'configNotFound',
      `${path} does not exist; give a directory that holds .agola, or a config file`,
    )
  const file = dirname(full).endsWith(`${sep}.agola`) ? `.agola/${basename(full)}` : undefined
  const isNamedConfig = file !== undefined && configFiles.includes(file)
  if (found.isDirectory() && !isNamedConfig) return { tree: openWorkTree(full), file: undefined }
  if (file !== undefined) return { tree: openWorkTree(dirname(dirname(full))), file }
  throw new AgolaError(
    'configNotFound',
    `${path} does not lie in a directory .agola; a config is ${configFiles.join(', ')}`,
  )
}

function openWorkTree(directory: string): WorkTree {
  const inside = (path: string) => join(directory, ...path.split('/'))
  return {
    directory,
    readFile: (path) => readInside(directory, inside(path)),
    readLink: (path) => readlink(inside(path)).catch(() => null),
    listFiles: (path) => readdir(inside(path)).catch(() => []),
  }
}

/** Links may lead through the tree, not out of it. */
async function readInside(directory: string, file: string): Promise<Uint8Array | null> {
  try {
    const [root, real] = await Promise.all([realpath(directory), realpath(file)])
    if (leadsOut(relative(root, real))) return null
    // A named pipe would be waited for without end.
    return (await stat(real)).isFile() ? await readFile(real) : null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ELOOP') return null
    throw error
  }
}

/** The nearest directory upwards that has an `.agola`; null: none has. */
export async function nearestWithConfig(from: string): Promise<string | null> {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    const found = await stat(join(directory, '.agola')).catch(() => null)
    if (found?.isDirectory()) return directory
    if (dirname(directory) === directory) return null
  }
}
