import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { AgolaError } from '../../model/errors.ts'
import type { ArchiveContent } from '../../model/run-config.ts'
import type { LogFile } from '../log-file.ts'
import { type MatchPlace, PatternList } from '../pattern-list.ts'
import { type ReadyPod, waitOrKill } from '../ready-pod.ts'
import { toolboxScript } from '../toolbox.ts'
import { ArchiveWriter } from './archive-writer.ts'
import { cleanEntryName, entryNameIn } from './entry-name.ts'
import { encodeName } from './name-codec.ts'
import { NamesOutput } from './names-output.ts'
import { createTarOfNamesScript, createTarScript, listScript } from './pod-scripts.ts'
import { isRefusedLink, type RefusedLink, type RestorePlace } from './refused-links.ts'
import type { TarEntry } from './tar-header.ts'

/** Arguments of one command stay below this, far from what Linux takes. */
const argumentBytesMax = 100 * 1024
const warningsMax = 10

export interface CreateArchiveOptions {
  pod: ReadyPod
  log: LogFile
  signal: AbortSignal
  /** Where the archive will lie once it is complete. */
  file: string
  restorePlace: RestorePlace
}

export interface CreatedArchive {
  entries: number
  sizeBytes: number
  /** Links that its restore would refuse. When there are some, there is no archive. */
  refused: RefusedLink[]
}

/** Archives what the contents name (spec/executor.md 11.1): the pod lists what can match, sends tars of what does, and that is renamed and
 *  stored. Where patterns take whole trees, there is no list before the tar. Nothing but a complete archive ever has the name `file`. */
export async function createArchive(
  contents: readonly ArchiveContent[],
  options: CreateArchiveOptions,
): Promise<CreatedArchive> {
  const writer = await ArchiveWriter.create(options.file)
  try {
    const refused: RefusedLink[] = []
    for (const content of contents) refused.push(...(await new ContentArchiver(content, writer, options).run()))
    const entries = writer.entries
    const { sizeBytes } = refused.length > 0 ? { sizeBytes: 0 } : await writer.finish()
    return { entries, sizeBytes, refused }
  } finally {
    await writer.discard()
  }
}

/** A further name of a file that was met before under another one. */
interface HardLink {
  path: string
  target: string
}

class ContentArchiver {
  readonly #content: ArchiveContent
  readonly #writer: ArchiveWriter
  readonly #options: CreateArchiveOptions
  readonly #patterns: PatternList
  /** Paths of this content that are in the archive: the same names may be there from other directories. */
  readonly #stored = new Set<string>()
  readonly #restorePlace: string | null
  readonly #refused: RefusedLink[] = []
  #hardLinks: HardLink[] = []
  #warnings = 0

  constructor(content: ArchiveContent, writer: ArchiveWriter, options: CreateArchiveOptions) {
    this.#content = content
    this.#writer = writer
    this.#options = options
    this.#restorePlace = options.restorePlace(content)
    this.#patterns = new PatternList(content.paths)
  }

  /** Returns the links that the restore would refuse. */
  async run(): Promise<RefusedLink[]> {
    if (this.#content.sourceDir === '') {
      throw new AgolaError('archiveInvalid', 'source_dir is empty; write "." for the working directory')
    }
    const places = this.#patterns.places()
    const paths = places.map(({ path }) => path)
    if (places.every((place) => this.#patterns.takesAllBelow(place))) await this.#storeTrees(paths)
    else if (places.every(({ depth }) => depth === 0)) await this.#storeFiles(paths)
    else await this.#storeNames(await this.#listMatches(places))
    while (this.#hardLinks.length > 0) await this.#storeHardLinks()
    return this.#refused
  }

  /** All that lies below the paths matches, so nothing is read in vain. */
  #storeTrees(paths: string[]): Promise<void> {
    return this.#store(createTarScript(this.#options.pod.pod, true), paths.map(asArgument))
  }

  #storeFiles(paths: string[]): Promise<void> {
    return this.#store(createTarScript(this.#options.pod.pod, false), paths.map(asArgument))
  }

  async #storeNames(names: readonly string[]): Promise<void> {
    const list = Buffer.concat(names.map((name) => encodeName(`${asArgument(name)}\0`)))
    if (names.length > 0) await this.#store(createTarOfNamesScript(this.#options.pod.pod), [], list)
  }

  /** What nobody wants may be unreadable, or large: it is never opened. */
  async #listMatches(places: readonly MatchPlace[]): Promise<string[]> {
    const matches = new Set<string>()
    const output = new NamesOutput((name) => {
      const path = cleanEntryName(name)
      if (path !== '' && this.#patterns.matches(path)) matches.add(path)
    })
    const depths = [...new Set(places.map(({ depth }) => depth))]
    const parameters = places.map(({ path, depth }) => `${depth}:${asArgument(path)}`)
    const exitCode = await this.#run(listScript(this.#options.pod.pod, depths), parameters, output)
    if (exitCode !== 0) throw unreadable('listed', `find ended with ${exitCode}`)
    return [...matches]
  }

  async #store(script: string, parameters: string[], stdin?: Buffer): Promise<void> {
    const sink = this.#writer.sink((entry) => this.#select(entry))
    const exitCode = await this.#run(script, parameters, sink, stdin)
    if (exitCode !== 0) {
      sink.destroy()
      throw unreadable('read', `tar ended with ${exitCode}`)
    }
    sink.end()
    await finished(sink)
  }

  /** Runs a script in the source directory, until it has ended or `output` has failed. */
  async #run(script: string, parameters: string[], output: Writable, stdin?: Buffer): Promise<number> {
    const { pod, log, signal } = this.#options
    const failed = new AbortController()
    output.once('error', (error) => failed.abort(error))
    const until = AbortSignal.any([signal, failed.signal])
    until.throwIfAborted()
    const command = toolboxScript(pod.pod, script, [pod.path(this.#content.sourceDir), ...parameters])
    const exec = await pod.start(
      { command, stdin: stdin !== undefined, stdout: output, stderr: log },
      { signal: until },
    )
    // Its errors are told by the exit code of the command.
    exec.stdin?.on('error', () => undefined)
    exec.stdin?.end(stdin)
    const exitCode = await waitOrKill(exec, until)
    failed.signal.throwIfAborted()
    return exitCode
  }

  #select(entry: TarEntry): string | undefined {
    const path = cleanEntryName(entry.name)
    if (path === '' || !this.#patterns.matches(path)) return undefined
    if (entry.type === 'device' || entry.type === 'fifo') {
      this.#options.log.line(`agola: left out ${path}: it is no file, directory or link`)
      return undefined
    }
    if (entry.type === 'hardlink') {
      this.#hardLinks.push({ path, target: cleanEntryName(entry.linkName) })
      return undefined
    }
    const name = this.#nameOf(path)
    if (entry.type === 'symlink') this.#checkLink(name, path, entry.linkName)
    this.#stored.add(path)
    return name
  }

  /** Said where it can still be mended: a restore refuses it, unless it goes to a directory that holds the target. */
  #checkLink(name: string, path: string, target: string): void {
    if (isRefusedLink(name, target, this.#restorePlace)) this.#refused.push({ path, target })
    else if (target.startsWith('/') && this.#warnings < warningsMax) {
      this.#warnings += 1
      this.#options.log.line(
        `warning: the link ${path} leads to ${target}; a restore into a directory that does not hold that will refuse it`,
      )
    }
  }

  #nameOf(path: string): string {
    const name = entryNameIn(this.#content.destDir, path)
    if (name !== '..' && !name.startsWith('../')) return name
    throw new AgolaError('archiveInvalid', `dest_dir "${this.#content.destDir}" leads out of the archive`)
  }

  /** Hard links become files of their own. Most have the content of a file of this content that is stored already; where the first name
   *  was left out, the pod is asked for the content under one of the names that were not. */
  async #storeHardLinks(): Promise<void> {
    const links = this.#hardLinks
    this.#hardLinks = []
    const asked = new Map<string, string>()
    let bytes = 0
    for (const { path, target } of links) {
      const stored = asked.get(target) ?? target
      if (this.#stored.has(stored) && stored !== path) await this.#copy(stored, path)
      else if (asked.has(target) || bytes > argumentBytesMax) this.#hardLinks.push({ path, target: stored })
      else {
        asked.set(target, path)
        bytes += Buffer.byteLength(path) + 3
      }
    }
    if (asked.size > 0) await this.#storeFiles([...asked.values()])
  }

  async #copy(from: string, path: string): Promise<void> {
    await this.#writer.copy(this.#nameOf(from), this.#nameOf(path))
    this.#stored.add(path)
  }
}

/** No name is taken for an option. */
function asArgument(path: string): string {
  return path === '' ? '.' : `./${path}`
}

function unreadable(what: string, how: string): AgolaError {
  return new AgolaError('archiveInvalid', `the files could not be ${what} (${how}; see above)`)
}
