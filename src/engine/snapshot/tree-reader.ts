import { posix } from 'node:path'
import type { ObjectReader } from './object-reader.ts'

interface TreeEntry {
  mode: string
  name: string
  id: string
}

const linkMode = '120000'

/** Files, links and directories of one tree. */
export class TreeReader {
  readonly #objects: ObjectReader
  readonly #tree: string
  readonly #directories = new Map<string, Promise<TreeEntry[]>>()

  constructor(objects: ObjectReader, tree: string) {
    this.#objects = objects
    this.#tree = tree
  }

  /** null: there is no such file, or it is a directory. Links inside the tree are followed. */
  async readFile(path: string): Promise<Buffer | null> {
    const found = await this.#objects.readPath(this.#tree, path)
    return found?.type === 'blob' ? found.content : null
  }

  /** Where a symbolic link points, as written in it; null when the path is no link. */
  async readLink(path: string): Promise<string | null> {
    const clean = posix.normalize(path)
    const entries = await this.#list(posix.dirname(clean))
    const link = entries.find((entry) => entry.name === posix.basename(clean) && entry.mode === linkMode)
    if (link === undefined) return null
    return (await this.#objects.readObject(link.id))?.content.toString() ?? null
  }

  /** Names in a directory; empty when there is none. */
  async listFiles(directory: string): Promise<string[]> {
    return (await this.#list(posix.normalize(directory))).map((entry) => entry.name)
  }

  #list(directory: string): Promise<TreeEntry[]> {
    let listed = this.#directories.get(directory)
    if (listed === undefined) {
      listed = this.#objects
        .readPath(this.#tree, directory)
        .then((found) => (found?.type === 'tree' ? parseTree(found.content, this.#tree.length / 2) : []))
      this.#directories.set(directory, listed)
    }
    return listed
  }
}

/** A tree object is `<mode> <name>\0<id bytes>`, over and over. */
function parseTree(content: Buffer, idLength: number): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let start = 0; start < content.length; ) {
    const space = content.indexOf(32, start)
    const end = content.indexOf(0, space)
    const id = content.toString('hex', end + 1, end + 1 + idLength)
    entries.push({ mode: content.toString('latin1', start, space), name: content.toString('utf8', space + 1, end), id })
    start = end + 1 + idLength
  }
  return entries
}
