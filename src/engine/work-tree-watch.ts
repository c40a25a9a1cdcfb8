import { setTimeout as wait } from 'node:timers/promises'
import { systemClock, systemRandom } from './adapters/system.ts'
import type { LocalDirectories } from './local/local-directories.ts'
import { hasCode, messageOf } from './model/errors.ts'
import { openLocal } from './open-local.ts'
import type { CallOptions } from './ports/call-options.ts'
import { changedPaths, ignoredDirectories, notIgnored } from './snapshot/changed-paths.ts'
import { DirectoryWatches, type WatchDirectory } from './snapshot/directory-watches.ts'
import type { Git } from './snapshot/git.ts'
import type { SnapshotFacts } from './snapshot/snapshot-facts.ts'
import { gitOfSnapshot, takeSnapshot } from './snapshot/take-snapshot.ts'

export interface WorkTreeWatchRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  source: { untracked: boolean; ignored: boolean; withoutGit?: boolean | undefined }
  onNotice: (text: string) => void
  /** How directories are watched; default: by the system. */
  watchDirectory?: WatchDirectory
}

/** Editors and version control write several times for one change: they get this long to end. */
const quietMs = 100
/** Between two looks where the system tells nothing. */
const lookMs = 2000

/** Waits for changes of what a snapshot of a work tree would hold. Notices of the system only say when to look: whether something
 *  changed, and what, is the difference of two snapshots. */
export class WorkTreeWatch {
  readonly #request: WorkTreeWatchRequest
  readonly #git: Git
  readonly #directories: LocalDirectories
  readonly #watches: DirectoryWatches
  readonly #touched = new Set<string>()
  #wake: (() => void) | null = null
  #facts: SnapshotFacts
  /** The system lets no more directories be watched: it is looked again and again instead. */
  #isLooking = false

  /** `notAGitRepository`, `snapshotFailed`. */
  static async open(request: WorkTreeWatchRequest, options: CallOptions = {}): Promise<WorkTreeWatch> {
    const { directories } = await openLocal(request.directory, request.environment)
    const watch = new WorkTreeWatch(request, directories, await takeFacts(request, directories, options))
    try {
      await watch.#update(options)
      return watch
    } catch (error) {
      watch.close()
      throw error
    }
  }

  private constructor(request: WorkTreeWatchRequest, directories: LocalDirectories, facts: SnapshotFacts) {
    this.#request = request
    this.#git = gitOfSnapshot(facts, request.environment)
    this.#directories = directories
    this.#facts = facts
    this.#watches = new DirectoryWatches(
      facts.topDirectory,
      (path) => {
        this.#touched.add(path)
        this.#wake?.()
      },
      request.watchDirectory,
    )
    // What changed between the snapshot and the first watch is looked for at once.
    this.#touched.add('')
  }

  get topDirectory(): string {
    return this.#facts.topDirectory
  }

  get directoryCount(): number {
    return this.#watches.count
  }

  /** Paths that have changed since the call before, or since it was opened; waits for the first. */
  async next(options: CallOptions = {}): Promise<string[]> {
    for (;;) {
      await this.#untilQuiet(options.signal)
      const touched = [...this.#touched]
      this.#touched.clear()
      const { source } = this.#request
      const named = touched.filter((path) => path !== '')
      const counts =
        source.ignored || named.length < touched.length
          ? touched
          : await notIgnored(this.#git, this.topDirectory, named, options)
      if (counts.length === 0) continue
      if (!this.#isLooking) await this.#update(options)
      const facts = await takeFacts(this.#request, this.#directories, options)
      const range = { from: this.#facts, to: facts, stateDirectory: this.#directories.state }
      const paths = await changedPaths(this.#git, range, options)
      this.#facts = facts
      if (paths.length === 0) continue
      // There may be room for watches by now.
      if (this.#isLooking) await this.#update(options)
      return paths
    }
  }

  close(): void {
    this.#watches.close()
  }

  async #update(options: CallOptions): Promise<void> {
    const { ignored } = this.#request.source
    const leftOut = ignored ? new Set<string>() : await ignoredDirectories(this.#git, this.topDirectory, options)
    try {
      await this.#watches.update(leftOut)
      this.#isLooking = false
    } catch (error) {
      if (!hasCode(error, 'watchFailed')) throw error
      // Others may need the watches that are no use to us.
      this.#watches.close()
      if (!this.#isLooking)
        this.#request.onNotice(`${messageOf(error)}. Until then changes are looked for every ${lookMs / 1000} s.`)
      this.#isLooking = true
    }
  }

  async #untilQuiet(signal: AbortSignal | undefined): Promise<void> {
    if (this.#touched.size === 0) await (this.#isLooking ? this.#untilNextLook(signal) : this.#untilTouched(signal))
    for (let seen = -1; seen !== this.#touched.size; ) {
      seen = this.#touched.size
      await wait(quietMs, undefined, { signal })
    }
  }

  async #untilNextLook(signal: AbortSignal | undefined): Promise<void> {
    await wait(lookMs, undefined, { signal })
    this.#touched.add('')
  }

  #untilTouched(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal?.reason)
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#wake = () => {
        signal?.removeEventListener('abort', abort)
        this.#wake = null
        resolve()
      }
    })
  }
}

async function takeFacts(
  { directory, environment, source: { untracked, ignored, withoutGit } }: WorkTreeWatchRequest,
  { state: stateDirectory, cache: cacheDirectory }: LocalDirectories,
  { signal }: CallOptions,
): Promise<SnapshotFacts> {
  const place = { directory, environment, stateDirectory, cacheDirectory, untracked, ignored, withoutGit, ref: {} }
  const snapshot = await takeSnapshot({ ...place, now: systemClock.now(), random: systemRandom }, { signal })
  await snapshot.close()
  return snapshot
}
