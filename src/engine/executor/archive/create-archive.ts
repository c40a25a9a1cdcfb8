import { finished } from 'node:stream/promises'
import { AgolaError } from '../../model/errors.ts'
import type { ArchiveContent } from '../../model/run-config.ts'
import type { LogFile } from '../log-file.ts'
import { Pattern } from '../pattern.ts'
import type { ReadyPod } from '../ready-pod.ts'
import { toolboxScript } from '../toolbox.ts'
import { ArchiveWriter, type SelectEntry } from './archive-writer.ts'
import { cleanEntryName, entryNameIn } from './entry-name.ts'
import { createTarScript } from './pod-scripts.ts'
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
}

export interface CreatedArchive {
  entries: number
  sizeBytes: number
}

/** Archives what the contents name (spec/executor.md 11.1): the pod sends tars of the directories that can hold matches, and what matches
 *  is renamed and stored. Nothing but a complete archive ever has the name `file`. */
export async function createArchive(
  contents: readonly ArchiveContent[],
  options: CreateArchiveOptions,
): Promise<CreatedArchive> {
  const writer = await ArchiveWriter.create(options.file)
  try {
    for (const content of contents) await new ContentArchiver(content, writer, options).run()
    const entries = writer.entries
    const { sizeBytes } = await writer.finish()
    return { entries, sizeBytes }
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
  readonly #patterns: Pattern[]
  #hardLinks: HardLink[] = []
  #warnings = 0

  constructor(content: ArchiveContent, writer: ArchiveWriter, options: CreateArchiveOptions) {
    this.#content = content
    this.#writer = writer
    this.#options = options
    this.#patterns = content.paths.map((path) => new Pattern(path))
  }

  async run(): Promise<void> {
    if (this.#content.sourceDir === '') {
      throw new AgolaError('archiveInvalid', 'source_dir is empty; write "." for the working directory')
    }
    const prefixes = neededPrefixes(this.#patterns)
    await this.#archive(prefixes, (entry) => this.#select(entry))
    while (this.#hardLinks.length > 0) await this.#storeHardLinks()
  }

  async #archive(paths: string[], select: SelectEntry): Promise<void> {
    const { pod, log, signal } = this.#options
    const sink = this.#writer.sink(select)
    const parameters = [pod.path(this.#content.sourceDir), ...paths.map((path) => (path === '' ? '.' : `./${path}`))]
    const command = toolboxScript(pod.pod, createTarScript(pod.pod), parameters)
    const failed = new AbortController()
    sink.once('error', (error) => failed.abort(error))
    const exitCode = await pod.run({ command, stdout: sink, stderr: log }, AbortSignal.any([signal, failed.signal]))
    failed.signal.throwIfAborted()
    if (exitCode !== 0) {
      sink.destroy()
      throw new AgolaError('archiveInvalid', `the files could not be read (tar ended with ${exitCode}; see above)`)
    }
    sink.end()
    await finished(sink)
  }

  #select(entry: TarEntry): string | undefined {
    const path = cleanEntryName(entry.name)
    if (path === '' || !this.#patterns.some((pattern) => pattern.matches(path))) return undefined
    if (entry.type === 'device' || entry.type === 'fifo') {
      this.#options.log.line(`agola: left out ${path}: it is no file, directory or link`)
      return undefined
    }
    if (entry.type === 'hardlink') {
      this.#hardLinks.push({ path, target: cleanEntryName(entry.linkName) })
      return undefined
    }
    if (entry.type === 'symlink') this.#warnOfLink(path, entry.linkName)
    return this.#nameOf(path)
  }

  /** Said where it can still be mended: the restore will refuse it, unless it goes to a directory that holds the target. */
  #warnOfLink(path: string, target: string): void {
    if (!target.startsWith('/') || this.#warnings >= warningsMax) return
    this.#warnings += 1
    this.#options.log.line(
      `warning: the link ${path} leads to ${target}; a restore into a directory that does not hold that will refuse it`,
    )
  }

  #nameOf(path: string): string {
    const name = entryNameIn(this.#content.destDir, path)
    if (name !== '..' && !name.startsWith('../')) return name
    throw new AgolaError('archiveInvalid', `dest_dir "${this.#content.destDir}" leads out of the archive`)
  }

  /** Hard links become files of their own. Most have the content of a file that is stored already; where the first name did not match,
   *  the pod is asked for the content under one of the names that did. */
  async #storeHardLinks(): Promise<void> {
    const links = this.#hardLinks
    this.#hardLinks = []
    const asked = new Map<string, string>()
    let bytes = 0
    for (const { path, target } of links) {
      const stored = asked.get(target) ?? target
      const name = entryNameIn(this.#content.destDir, stored)
      if (this.#writer.has(name) && stored !== path) await this.#writer.copy(name, this.#nameOf(path))
      else if (asked.has(target) || bytes > argumentBytesMax) this.#hardLinks.push({ path, target: stored })
      else {
        asked.set(target, path)
        bytes += Buffer.byteLength(path) + 3
      }
    }
    if (asked.size > 0) await this.#archive([...asked.values()], (entry) => this.#select(entry))
  }
}

/** The directories and files that can hold matches, none of them within another. */
function neededPrefixes(patterns: Pattern[]): string[] {
  const prefixes = new Set<string>()
  for (const pattern of patterns) {
    const prefix = pattern.literalPrefix()
    if (prefix !== null) prefixes.add(prefix)
  }
  const isWithin = (path: string, other: string) => other === '' || path.startsWith(`${other}/`)
  return [...prefixes].filter((path) => ![...prefixes].some((other) => other !== path && isWithin(path, other)))
}
