import type { CallOptions } from '../ports/call-options.ts'
import type { Random } from '../ports/random.ts'
import type { Source, SourceRequest } from '../ports/source-provider.ts'
import type { Git } from './git.ts'
import { measureTree, type TreeSize } from './measure-tree.ts'
import { ObjectReader } from './object-reader.ts'
import type { Repository } from './repository.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { storeAt } from './snapshot-store.ts'
import { type PreparedSource, prepareSource } from './source/prepare-source.ts'
import { TreeReader } from './tree-reader.ts'

/** A work tree at one moment. Nothing that happens in the work tree later changes it. Paths start at the top of the work tree. */
export interface Snapshot extends SnapshotFacts {
  /** null: there is no such file, or it is a directory. Links inside the tree are followed. */
  readFile(path: string): Promise<Buffer | null>
  /** Where a symbolic link points; null when the path is no link. */
  readLink(path: string): Promise<string | null>
  /** Names in a directory; empty when there is none. */
  listFiles(directory: string): Promise<string[]>
  /** Asked once, then remembered. */
  measure(options?: CallOptions): Promise<TreeSize>
  /** The checkout for clone steps, prepared at the first call of its kind and shared by all later ones. */
  openSource(request: Omit<SourceRequest, 'runId'>, options?: CallOptions): Promise<Source>
  /** Ends processes and closes files. Sources that are still being read end with an error. */
  close(): Promise<void>
}

export interface SnapshotContext {
  git: Git
  random: Random
  stateDirectory: string
  repositories: ReadonlyMap<string, Repository>
  onNotice: (text: string) => void
}

export function createSnapshot({ onNotice, ...rest }: SnapshotContext, facts: SnapshotFacts): Snapshot {
  const context = { ...rest, onNotice: onceEach(onNotice) }
  const store = storeAt(context.stateDirectory, facts.workTree.storeId)
  const objects = new ObjectReader(context.git, facts.topDirectory, store.objects)
  const tree = new TreeReader(objects, facts.treeSha)
  const place = { cwd: facts.topDirectory, objects: store.objects }
  const sources = new PreparedSources(context, facts)
  let size: Promise<TreeSize> | undefined
  return {
    ...facts,
    readFile: (path) => tree.readFile(path),
    readLink: (path) => tree.readLink(path),
    listFiles: (directory) => tree.listFiles(directory),
    measure: (options) => {
      size ??= measureTree(context.git, place, facts.treeSha, options)
      return size
    },
    openSource: (request, options) => sources.open(request, options),
    close: async () => {
      objects.close()
      await sources.close()
    },
  }
}

/** Checkouts of several kinds meet the same trouble. */
function onceEach(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>()
  return (text) => {
    if (!said.has(text)) say(text)
    said.add(text)
  }
}

class PreparedSources {
  readonly #context: SnapshotContext
  readonly #facts: SnapshotFacts
  readonly #prepared = new Map<string, Promise<PreparedSource>>()
  /** Work for all callers together, which the first one must not be able to abort. */
  readonly #closed = new AbortController()

  constructor(context: SnapshotContext, facts: SnapshotFacts) {
    this.#context = context
    this.#facts = facts
  }

  async open(request: Omit<SourceRequest, 'runId'>, options: CallOptions = {}): Promise<Source> {
    const source = await abortable(this.#prepare(request), options.signal)
    return { sizeBytes: source.sizeBytes, commitSha: this.#facts.commitSha, stream: () => source.stream() }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    for (const source of this.#prepared.values())
      await source.then((prepared) => prepared.close()).catch(() => undefined)
  }

  #prepare(request: Omit<SourceRequest, 'runId'>): Promise<PreparedSource> {
    const key = `${request.depth} ${request.recurseSubmodules}`
    let prepared = this.#prepared.get(key)
    if (prepared === undefined) {
      const context = { ...this.#context, facts: this.#facts }
      prepared = prepareSource(context, request, { signal: this.#closed.signal })
      this.#prepared.set(key, prepared)
      // One that failed, for want of room or of the network, may be tried again by the next step.
      prepared.catch(() => this.#prepared.delete(key))
    }
    return prepared
  }
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work
  signal.throwIfAborted()
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
