import { join } from 'node:path'
import { compareBytes } from '../../std/byte-order.ts'
import type { DirectoryObjectStorage, KeyLayout } from './directory-object-storage.ts'
import type { FileTreeOptions } from './file-tree.ts'
import { chunkOfFile, chunkOfFolder, flatPathOf } from './flat-path.ts'
import { isListed, type ListFilter } from './list-query.ts'
import { openDirectory, readFolder } from './posix.ts'

/** Keys without folders, cut into path elements of 8 characters (spec/storage.md 2.4). For stores of old installations; users cannot select it. */
export async function openPosixFlatObjectStorage(options: FileTreeOptions): Promise<DirectoryObjectStorage> {
  return openDirectory(options, flatLayout)
}

const flatLayout: KeyLayout = {
  pathOf: flatPathOf,
  walk: (dataDirectory, filter) => walkChunks(dataDirectory, '', '', filter),
}

async function* walkChunks(root: string, path: string, start: string, filter: ListFilter): AsyncGenerator<string> {
  for (const { name, chunk, isFolder } of await sortedChunks(join(root, path))) {
    const key = start + chunk
    if (!isFolder) {
      if (isListed(key, filter)) yield key
    } else if (mayHold(key, filter)) {
      yield* walkChunks(root, join(path, name), key, filter)
    }
  }
}

function mayHold(start: string, { prefix, after }: ListFilter): boolean {
  if (!start.startsWith(prefix) && !prefix.startsWith(start)) return false
  return after.startsWith(start) || compareBytes(start, after) > 0
}

interface ChunkEntry {
  name: string
  chunk: string
  isFolder: boolean
}

/** A file before the folder of the same chunk: its key is the shorter one. */
async function sortedChunks(path: string): Promise<ChunkEntry[]> {
  const chunks: ChunkEntry[] = []
  for (const entry of await readFolder(path)) {
    const isFolder = entry.isDirectory()
    const chunk = isFolder ? chunkOfFolder(entry.name) : chunkOfFile(entry.name)
    if (chunk !== null) chunks.push({ name: entry.name, chunk, isFolder })
  }
  return chunks.sort((a, b) => compareBytes(a.chunk, b.chunk) || Number(a.isFolder) - Number(b.isFolder))
}
