import { type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AgolaError } from '../model/errors.ts'

/** As `watch` of node:fs. */
export type WatchDirectory = (
  path: string,
  options: { persistent: boolean },
  listener: (type: string, name: string | null) => void,
) => FSWatcher

/** Tells when something in a tree of directories changes: one watch a directory, so that ignored trees cost nothing. */
export class DirectoryWatches {
  readonly #top: string
  readonly #onChange: (path: string) => void
  readonly #watchDirectory: WatchDirectory
  readonly #watches = new Map<string, FSWatcher>()

  /** `onChange` gets paths relative to `top`; many for one change. */
  constructor(top: string, onChange: (path: string) => void, watchDirectory: WatchDirectory = watch) {
    this.#top = top
    this.#watchDirectory = watchDirectory
    this.#onChange = onChange
  }

  get count(): number {
    return this.#watches.size
  }

  /** Watches the directories that exist now, but for `.git` and those in `leftOut`. `watchFailed` at the limit of the system. */
  async update(leftOut: ReadonlySet<string>): Promise<void> {
    const found = new Set<string>()
    const open = ['']
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      // Watched before it is read: what is made meanwhile is either read or told.
      if (!this.#watch(directory)) continue
      found.add(directory)
      for (const entry of await this.#entries(directory)) {
        const path = directory === '' ? entry : `${directory}/${entry}`
        if (entry !== '.git' && !leftOut.has(path)) open.push(path)
      }
    }
    for (const directory of [...this.#watches.keys()]) if (!found.has(directory)) this.#forget(directory)
  }

  close(): void {
    for (const directory of [...this.#watches.keys()]) this.#forget(directory)
  }

  async #entries(directory: string): Promise<string[]> {
    try {
      const entries = await readdir(join(this.#top, directory), { withFileTypes: true })
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    } catch (error) {
      if (isGone(error)) return []
      throw error
    }
  }

  /** false: it has gone meanwhile. */
  #watch(directory: string): boolean {
    if (this.#watches.has(directory)) return true
    try {
      const watcher = this.#watchDirectory(join(this.#top, directory), { persistent: true }, (type, name) => {
        if (name === '.git') return
        const path = directory === '' ? (name ?? '') : `${directory}/${name ?? ''}`
        // What is made again under the name of a directory that was removed or moved needs new watches.
        if (type === 'rename') this.#forgetTree(path)
        this.#onChange(path)
      })
      watcher.on('error', () => this.#forget(directory))
      this.#watches.set(directory, watcher)
      return true
    } catch (error) {
      if (isGone(error)) return false
      throw watchFailure(error, this.#watches.size)
    }
  }

  #forgetTree(top: string): void {
    if (!this.#watches.has(top) || top === '') return
    for (const directory of [...this.#watches.keys()])
      if (directory === top || directory.startsWith(`${top}/`)) this.#forget(directory)
  }

  #forget(directory: string): void {
    this.#watches.get(directory)?.close()
    this.#watches.delete(directory)
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function watchFailure(error: unknown, count: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code !== 'ENOSPC' && code !== 'EMFILE') return error
  const limit = code === 'ENOSPC' ? 'max_user_watches' : 'max_user_instances'
  return new AgolaError(
    'watchFailed',
    `this system lets no more directories be watched (${count} are): raise its limit fs.inotify.${limit} with sysctl, or ignore directories in .gitignore`,
    { cause: error },
  )
}
