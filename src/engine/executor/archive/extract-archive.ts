import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AgolaError } from '../../model/errors.ts'
import type { ContainerExec } from '../../ports/pod-driver.ts'
import { abortable } from '../../std/abortable.ts'
import type { LogFile } from '../log-file.ts'
import type { ReadyPod } from '../ready-pod.ts'
import { toolboxScript } from '../toolbox.ts'
import { readArchiveIndex } from './archive-index.ts'
import { type CheckedEntry, checkEntries } from './check-entries.ts'
import { parentsOf } from './entry-name.ts'
import { encodeName } from './name-codec.ts'
import { NamesOutput } from './names-output.ts'
import { answerEnd, changeModeScript, extractTarScript } from './pod-scripts.ts'
import { endOfArchive, paddingBytes, tarHeader } from './tar-header.ts'

const readBytes = 1024 * 1024
const listBlockBytes = 4096
/** What the owner of a directory needs to fill it. */
const ownerAll = 0o700
const specialBits = 0o7000

export interface ExtractArchiveOptions {
  pod: ReadyPod
  log: LogFile
  signal: AbortSignal
  /** The archive, a finished file of this host. */
  file: string
  /** Absolute, or '' for the place where commands start. */
  destination: string
}

/** Extracts an archive below a directory of the main container (spec/executor.md 11.3 as changed by design/decisions.md): directories
 *  that exist are merged, anything else that exists is an error which names it, and nothing was written then. Owner is the user of the
 *  steps. Returns how many entries there were. */
export async function extractArchive(options: ExtractArchiveOptions): Promise<number> {
  const entries = checkEntries(await readArchiveIndex(options.file), options.destination)
  if (entries.length === 0) return 0
  const answer = new Answer()
  const { pod, log, signal } = options
  const list = nameList(entries)
  const parameters = [options.destination || '.', String(list.length / listBlockBytes)]
  const command = toolboxScript(pod.pod, extractTarScript(pod.pod), parameters)
  const exec = await pod.start({ command, stdin: true, stdout: answer, stderr: log }, { signal })
  const ended = exec.wait({ signal })
  ended.catch(() => undefined)
  try {
    const fresh = await send(exec, entries, list, answer, ended, options)
    const exitCode = await ended
    if (exitCode !== 0) throw couldNotExtract(options.destination, exitCode)
    await restoreModes(fresh, options)
  } catch (error) {
    void exec.kill('KILL').catch(() => undefined)
    throw error
  }
  return entries.length
}

/** Sends what is to be extracted; returns the entries that were not there before. */
async function send(
  exec: ContainerExec,
  entries: CheckedEntry[],
  list: Buffer,
  answer: Answer,
  ended: Promise<number>,
  options: ExtractArchiveOptions,
): Promise<CheckedEntry[]> {
  const stdin = exec.stdin
  if (stdin === null)
    throw new AgolaError('assertionFailed', 'a command without the standard input it was asked to have')
  // Its errors are told by the exit code of the command, or by the pipeline below.
  stdin.on('error', () => undefined)
  stdin.write(list)
  const existing = await Promise.race([answer.complete, ended.then(() => undefined)])
  // It ended before it answered; its exit code and its messages say why.
  if (existing === undefined) return []
  try {
    const fresh = withoutExisting(entries, existing, options.destination)
    stdin.write('go\n')
    await pipeline(Readable.from(tarOf(fresh, options.file), { objectMode: false }), stdin, { signal: options.signal })
    return fresh
  } catch (error) {
    stdin.end()
    // As above.
    if (isBrokenPipe(error) && (await abortable(ended, options.signal)) !== 0) return []
    throw error
  }
}

/** All names that must not stand in the way, and the directories above them, ended by NUL and filled up to whole blocks. */
function nameList(entries: readonly CheckedEntry[]): Buffer {
  const names = new Set<string>()
  for (const { name } of entries) {
    for (const parent of parentsOf(name)) names.add(parent)
    names.add(name)
  }
  const text = [...names].map((name) => encodeName(`${name}\0`))
  const bytes = text.reduce((sum, name) => sum + name.length, 0)
  return Buffer.concat([...text, Buffer.alloc((listBlockBytes - (bytes % listBlockBytes)) % listBlockBytes)])
}

function withoutExisting(
  entries: readonly CheckedEntry[],
  existing: ReadonlyMap<string, ExistingKind>,
  destination: string,
): CheckedEntry[] {
  const fresh: CheckedEntry[] = []
  for (const entry of entries) {
    for (const parent of parentsOf(entry.name)) refuseInTheWay(parent, existing.get(parent), destination)
    const kind = existing.get(entry.name)
    if (entry.type === 'directory') refuseInTheWay(entry.name, kind, destination)
    else if (kind !== undefined) throw exists(entry.name, destination)
    if (kind === undefined) fresh.push(entry)
  }
  return fresh
}

function refuseInTheWay(name: string, kind: ExistingKind | undefined, destination: string): void {
  if (kind === 'f') throw exists(name, destination)
  if (kind === 'l') {
    throw new AgolaError(
      'archiveInvalid',
      `"${name}" in ${destination} is a symbolic link in the container, and the archive has files below it; nothing was extracted`,
    )
  }
}

function exists(name: string, destination: string): AgolaError {
  return new AgolaError(
    'archiveInvalid',
    `"${name}" exists already in ${destination}; nothing was extracted: remove it before, or restore into another dest_dir`,
    { details: { entry: name } },
  )
}

function couldNotExtract(destination: string, exitCode: number): AgolaError {
  return new AgolaError(
    'archiveInvalid',
    `the archive could not be extracted into ${destination} (exit code ${exitCode}; see above)`,
  )
}

/** The tar for the container: directories first, so that their owner can fill them whatever their mode; then files and links as they
 *  are stored; then the directories again, innermost first, whose times the files have changed. */
async function* tarOf(entries: readonly CheckedEntry[], file: string): AsyncGenerator<Buffer> {
  const directories = [...new Map(entries.filter(isDirectory).map((entry) => [entry.name, entry])).values()]
  directories.sort((a, b) => (a.name < b.name ? -1 : 1))
  const headers = directories.map(directoryHeader)
  yield* inBlocks(headers)
  const handle = await open(file, 'r')
  try {
    for (const part of storedParts(entries)) {
      if (part.header !== undefined) yield part.header
      yield* readRange(handle, part.start, part.end)
    }
  } finally {
    await handle.close()
  }
  yield* inBlocks(headers.reverse())
  yield endOfArchive
}

function isDirectory(entry: CheckedEntry): boolean {
  return entry.type === 'directory'
}

function directoryHeader(entry: CheckedEntry): Buffer {
  return tarHeader({ ...entry, mode: (entry.mode | ownerAll) & ~specialBits })
}

function* inBlocks(headers: Buffer[]): Generator<Buffer> {
  for (let index = 0; index < headers.length; index += 1000) yield Buffer.concat(headers.slice(index, index + 1000))
}

interface StoredPart {
  /** Written before the bytes. */
  header?: Buffer
  start: number
  end: number
}

/** Neighbouring entries that need no new header are read in one piece. */
function* storedParts(entries: readonly CheckedEntry[]): Generator<StoredPart> {
  let part: StoredPart = { start: 0, end: 0 }
  for (const entry of entries) {
    if (isDirectory(entry)) continue
    const end = entry.contentStart + entry.sizeBytes + paddingBytes(entry.sizeBytes)
    if (entry.isPlain && entry.start === part.end) part.end = end
    else {
      yield part
      part = entry.isPlain ? { start: entry.start, end } : { header: tarHeader(entry), start: entry.contentStart, end }
    }
  }
  yield part
}

async function* readRange(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end; ) {
    const length = Math.min(readBytes, end - position)
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position)
    if (bytesRead === 0) throw new AgolaError('archiveInvalid', 'the archive became shorter while it was extracted')
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** Modes that would have been in the way before, or that tar does not set for everybody. */
async function restoreModes(entries: readonly CheckedEntry[], options: ExtractArchiveOptions): Promise<void> {
  const special = entries.filter(needsMode).sort((a, b) => (a.name < b.name ? 1 : -1))
  const [passable, closed] = [special.filter(isPassable), special.filter((entry) => !isPassable(entry))]
  for (const [mode, group] of Map.groupBy(passable, (entry) => entry.mode)) await changeMode(mode, group, options)
  // Nobody gets through these any more, so what lies within comes first: one at a time, the innermost first.
  for (const entry of closed) await changeMode(entry.mode, [entry], options)
}

function needsMode({ type, mode }: CheckedEntry): boolean {
  if (type === 'symlink') return false
  return (mode & specialBits) !== 0 || (type === 'directory' && (mode & ownerAll) !== ownerAll)
}

function isPassable({ type, mode }: CheckedEntry): boolean {
  return type !== 'directory' || (mode & 0o100) !== 0
}

async function changeMode(mode: number, entries: CheckedEntry[], options: ExtractArchiveOptions): Promise<void> {
  const { pod, log, signal, destination } = options
  const command = toolboxScript(pod.pod, changeModeScript(pod.pod), [mode.toString(8), destination || '.'])
  const exec = await pod.start({ command, stdin: true, stdout: log, stderr: log }, { signal })
  exec.stdin?.on('error', () => undefined)
  exec.stdin?.end(Buffer.concat(entries.map(({ name }) => encodeName(`./${name}\0`))))
  const exitCode = await exec.wait({ signal })
  if (exitCode !== 0) throw couldNotExtract(destination, exitCode)
}

function isBrokenPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(`${error.code}`)
  )
}

type ExistingKind = 'l' | 'd' | 'f'

/** What `extractTarScript` prints. */
class Answer extends NamesOutput {
  readonly complete: Promise<Map<string, ExistingKind>>

  constructor() {
    const existing = new Map<string, ExistingKind>()
    const { promise, resolve } = Promise.withResolvers<Map<string, ExistingKind>>()
    super((text) => {
      const kind = text[0]
      if (text === answerEnd) resolve(existing)
      else if (kind === 'l' || kind === 'd' || kind === 'f') existing.set(text.slice(1), kind)
    })
    this.complete = promise
  }
}
