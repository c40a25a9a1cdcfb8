import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes } from '../../std/byte-order.ts'
import { DirectoryObjectStorage, type KeyLayout } from './directory-object-storage.ts'
import { fileError, systemCode } from './file-error.ts'
import { FileTree, type FileTreeOptions } from './file-tree.ts'
import type { ListFilter } from './list-query.ts'

/** Keys are paths: `<directory>/data/<key>` (spec/storage.md 2.3). A key cannot be both an object and the folder of others. */
export async function openPosixObjectStorage(options: FileTreeOptions): Promise<DirectoryObjectStorage> {
  return openDirectory(options, posixLayout)
}

export async function openDirectory(options: FileTreeOptions, layout: KeyLayout): Promise<DirectoryObjectStorage> {
  const tree = new FileTree(options)
  try {
    await tree.prepare()
  } catch (error) {
    throw fileError(`use the directory ${options.directory}`, error)
  }
  return new DirectoryObjectStorage(tree, layout)
}

const posixLayout: KeyLayout = {
  pathOf: (key) => key,
  walk(dataDirectory, filter) {
    const folder = filter.prefix.slice(0, filter.prefix.lastIndexOf('/') + 1)
    return walkFolder(dataDirectory, folder, filter)
  },
}

/** `folder` is '' or ends with a slash. */
async function* walkFolder(dataDirectory: string, folder: string, filter: ListFilter): AsyncGenerator<string> {
  for (const { name, isFolder } of await sortedEntries(join(dataDirectory, folder))) {
    const key = folder + name
    if (!isFolder) {
      if (key.startsWith(filter.prefix) && compareBytes(key, filter.after) > 0) yield key
    } else if (mayHold(key, filter)) {
      yield* walkFolder(dataDirectory, key, filter)
    }
  }
}

function mayHold(folder: string, { prefix, after, recursive }: ListFilter): boolean {
  if (!folder.startsWith(prefix)) return prefix.startsWith(folder)
  // A folder sorts before all that it holds, so it is over only when `after` lies behind it and outside.
  return recursive && (after.startsWith(folder) || compareBytes(folder, after) > 0)
}

export interface DirectoryEntry {
  /** With a slash at the end when it is a folder, which also gives it its right place among files: `a-x` before `a/b`. */
  name: string
  isFolder: boolean
}

async function sortedEntries(path: string): Promise<DirectoryEntry[]> {
  const entries = (await readFolder(path)).map((entry): DirectoryEntry => {
    const isFolder = entry.isDirectory()
    return { name: isFolder ? `${entry.name}/` : entry.name, isFolder }
  })
  return entries.sort((a, b) => compareBytes(a.name, b.name))
}

/** Empty when it is not there (any more). */
export async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return []
    throw error
  }
}
