import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallOptions } from '../../ports/call-options.ts'
import { allOf } from '../../std/all-of.ts'
import { makeDirectory } from '../../std/make-directory.ts'
import type { Git } from '../git.ts'
import { hasLfs, isLfsPointer, lfsWarning, pointerBytesMax } from './lfs-pointers.ts'
import type { GitPlace, ListedEntry } from './list-tree.ts'
import { type FileRange, readRange } from './tar-entry.ts'

/** With more files than this the small ones become one. */
const filesMax = 32
/** With more dead bytes than this beside as many as live ones all contents are written anew. */
const deadBytesMax = 64 * 1024 * 1024
const fingerprintsMax = 3
const writeBytes = 1024 * 1024
const linkMode = '120000'

export interface ContentsRequest extends CallOptions {
  /** Files and links of the tree. */
  entries: readonly ListedEntry[]
  /** Where contents of this repository are kept. */
  directory: string
  /** Changes when the same object may be checked out differently: attributes, line endings, filters. */
  fingerprint: string
  /** An index of the tree, for git to read attributes from. */
  index: string
  /** A private directory. */
  temporary: string
  newName: () => string
  onNotice: (text: string) => void
}

export interface Contents {
  /** By the key of the entry: filters go by path, so the same object at two paths may have two contents. */
  ranges: Map<string, FileRange>
  close(): Promise<void>
}

/** Contents of files as a clone would have them. Those of earlier snapshots are found in files kept for that, the others are
 *  checked out by git and added, so each content is written once however many runs use it. */
export async function loadContents(git: Git, place: GitPlace, request: ContentsRequest): Promise<Contents> {
  const directory = join(request.directory, `contents-${request.fingerprint}`)
  await makeDirectory(directory)
  await dropOldFingerprints(request.directory, request.fingerprint)
  const kept = await openKept(directory)
  let missing = await missingEntries(git, place, kept, request)
  const outworn = missing.length === 0 ? [] : outwornFiles(kept, request.entries)
  if (outworn.length > 0) {
    await forget(directory, kept, outworn)
    missing = await missingEntries(git, place, kept, request)
  }
  try {
    if (missing.length > 0) {
      const target = await checkOut(git, place, missing, request)
      await add(kept, directory, request.newName(), missing, target)
      await rm(target, { recursive: true, force: true })
    }
    await warnOfPointers(git, place, kept, request)
    return kept
  } catch (error) {
    await kept.close()
    throw error
  }
}

/** What else than the object decides how a file is checked out. */
export async function contentsFingerprint(
  config: ReadonlyMap<string, string>,
  entries: readonly ListedEntry[],
  attributesFiles: readonly string[],
): Promise<string> {
  const hash = createHash('sha256')
  for (const [key, value] of [...config].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (/^(core\.(autocrlf|eol|symlinks|attributesfile)$|filter\.)/.test(key)) hash.update(`${key}=${value}\0`)
  }
  for (const { path, id } of entries) if (/(^|\/)\.gitattributes$/.test(path)) hash.update(`${path} ${id}\0`)
  for (const path of attributesFiles) hash.update(await readFile(path).catch(() => '')).update('\0')
  return hash.digest('hex').slice(0, 12)
}

interface KeptFile {
  name: string
  handle: FileHandle
  size: number
}

class KeptContents implements Contents {
  readonly ranges = new Map<string, FileRange>()
  readonly pointers = new Set<string>()
  files: KeptFile[] = []

  async close(): Promise<void> {
    for (const { handle } of this.files.splice(0)) await handle.close()
  }
}

/** Each file of contents has a list of `[key, offset, size]` beside it, written after it. */
async function openKept(directory: string): Promise<KeptContents> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort()
  const opened = await allOf(names.map((name) => openFile(directory, name.slice(0, -'.json'.length))))
  const kept = new KeptContents()
  for (const file of opened) {
    if (file === null) continue
    addRanges(kept, file.handle, file.rows)
    kept.files.push({ name: file.name, handle: file.handle, size: file.size })
  }
  return kept
}

/** null when another process replaces its files at this moment. */
async function openFile(directory: string, name: string): Promise<(KeptFile & { rows: ContentRow[] }) | null> {
  const [list, handle] = await Promise.all([
    readFile(join(directory, `${name}.json`), 'latin1').catch(() => null),
    open(join(directory, `${name}.data`)).catch(() => null),
  ])
  if (list !== null && handle !== null) {
    const { size } = await handle.stat()
    return { name, handle, size, rows: JSON.parse(list) }
  }
  await handle?.close()
  return null
}

/** `isPointer`: of Git LFS, which may have the content later. */
type ContentRow = [key: string, offset: number, size: number, isPointer?: true]

function addRanges(kept: KeptContents, handle: FileHandle, rows: readonly ContentRow[]): void {
  for (const [key, offset, size, isPointer] of rows) {
    // Files come in any order: an older one may still hold the pointer to what a newer one has.
    if (isPointer && kept.ranges.has(key) && !kept.pointers.has(key)) continue
    kept.ranges.set(key, { file: handle, offset, size })
    if (isPointer) kept.pointers.add(key)
    else kept.pointers.delete(key)
  }
}

/** Those whose live contents are to be written anew. A file with most of the bytes stays while it can: otherwise a snapshot of a large
 *  tree would pay for all of it now and then, and not only for what changed. */
function outwornFiles(kept: KeptContents, entries: readonly ListedEntry[]): KeptFile[] {
  let live = 0
  for (const entry of entries) live += kept.ranges.get(entry.key)?.size ?? 0
  const total = kept.files.reduce((sum, file) => sum + file.size, 0)
  if (total > 2 * live + deadBytesMax) return kept.files
  return kept.files.length < filesMax ? [] : kept.files.filter(({ size }) => size <= total / 2)
}

async function forget(directory: string, kept: KeptContents, files: readonly KeptFile[]): Promise<void> {
  for (const { name } of files) {
    await rm(join(directory, `${name}.json`), { force: true })
    await rm(join(directory, `${name}.data`), { force: true })
  }
  const handles = new Set(files.map(({ handle }) => handle))
  kept.files = kept.files.filter(({ handle }) => !handles.has(handle))
  for (const [key, { file }] of kept.ranges) {
    if (!handles.has(file)) continue
    kept.ranges.delete(key)
    kept.pointers.delete(key)
  }
  for (const handle of handles) await handle.close()
}

async function dropOldFingerprints(directory: string, fingerprint: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('contents-') && !name.endsWith(fingerprint))
  const aged = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(directory, name)).catch(() => null))?.mtimeMs ?? 0 })),
  )
  for (const { name } of aged.sort((a, b) => b.time - a.time).slice(fingerprintsMax - 1)) {
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

async function checkOut(
  git: Git,
  place: GitPlace,
  entries: readonly ListedEntry[],
  request: ContentsRequest,
): Promise<string> {
  const target = join(request.temporary, 'files')
  await makeDirectory(target)
  const args = ['checkout-index', '--quiet', '-z', '--stdin', `--prefix=${target}/`]
  const context = {
    cwd: place.cwd,
    env: { GIT_OBJECT_DIRECTORY: place.objects, GIT_INDEX_FILE: request.index },
    input: Buffer.from(entries.map((entry) => `${entry.path}\0`).join(''), 'latin1'),
    signal: request.signal,
  }
  const result = await git.try(args, context)
  if (result.exitCode === 0) return target
  const settings = /lfs/.test(result.stderr)
    ? ['filter.lfs.required=false', 'filter.lfs.smudge=', 'filter.lfs.process=']
    : ['core.longpaths=true']
  await git.run([...settings.flatMap((setting) => ['-c', setting]), ...args, '--force'], context)
  return target
}

async function add(
  kept: KeptContents,
  directory: string,
  name: string,
  entries: readonly ListedEntry[],
  checkedOut: string,
): Promise<void> {
  const path = join(directory, `${name}.data`)
  const handle = await open(path, 'wx+', 0o600)
  const rows = await copyInto(handle, entries, checkedOut)
  const list = `${JSON.stringify(rows)}\n`
  await writeFile(join(directory, `${name}.tmp`), list, { encoding: 'latin1', mode: 0o600 })
  await rename(join(directory, `${name}.tmp`), join(directory, `${name}.json`))
  addRanges(kept, handle, rows)
  kept.files.push({ name, handle, size: (await handle.stat()).size })
}

async function copyInto(
  handle: FileHandle,
  entries: readonly ListedEntry[],
  checkedOut: string,
): Promise<ContentRow[]> {
  const rows: ContentRow[] = []
  const buffer = Buffer.allocUnsafe(writeBytes)
  let used = 0
  let written = 0
  const flush = async () => {
    await handle.write(buffer, 0, used)
    written += used
    used = 0
  }
  for (const entry of entries) {
    const offset = written + used
    const source = Buffer.concat([Buffer.from(`${checkedOut}/`), Buffer.from(entry.path, 'latin1')])
    let size = 0
    if (entry.mode === linkMode) {
      const target = await readlink(source, { encoding: 'buffer' }).catch(() => readFile(source))
      if (used + target.length > writeBytes) await flush()
      size = target.copy(buffer, used)
      used += size
    } else {
      // Files are small and just written, so they come from memory: reading them at once takes a tenth of the time that as
      // many trips through the thread pool do.
      const file = openSync(source, 'r')
      try {
        const length = fstatSync(file).size
        if (length <= pointerBytesMax && used + length > writeBytes) await flush()
        while (size < length) {
          if (used === writeBytes) await flush()
          const count = readSync(file, buffer, used, Math.min(writeBytes - used, length - size), size)
          if (count === 0) break
          size += count
          used += count
        }
      } finally {
        closeSync(file)
      }
    }
    const isPointer =
      entry.mode !== linkMode && size <= pointerBytesMax && isLfsPointer(buffer.subarray(used - size, used))
    rows.push(isPointer ? [entry.key, offset, size, true] : [entry.key, offset, size])
  }
  await flush()
  return rows
}

/** What is not kept, and pointers of Git LFS where it is there now. */
async function missingEntries(
  git: Git,
  place: GitPlace,
  kept: KeptContents,
  { entries, signal }: ContentsRequest,
): Promise<ListedEntry[]> {
  const canFetch = entries.some((entry) => kept.pointers.has(entry.key)) && (await hasLfs(git, place, { signal }))
  const isMissing = (key: string) => !kept.ranges.has(key) || (canFetch && kept.pointers.has(key))
  return entries.filter((entry) => isMissing(entry.key))
}

/** Costs nothing where no file is a pointer, and no process where no attributes name Git LFS. */
async function warnOfPointers(git: Git, place: GitPlace, kept: KeptContents, request: ContentsRequest): Promise<void> {
  const { entries, index, signal, onNotice } = request
  const pointers = kept.pointers.size === 0 ? [] : entries.filter((entry) => kept.pointers.has(entry.key))
  if (pointers.length === 0 || !(await mentionsLfs(kept, entries))) return
  const warning = await lfsWarning(git, place, { pointers, index, signal })
  if (warning !== null) onNotice(warning)
}

async function mentionsLfs(kept: KeptContents, entries: readonly ListedEntry[]): Promise<boolean> {
  for (const entry of entries.filter(({ path }) => /(^|\/)\.gitattributes$/.test(path))) {
    const range = kept.ranges.get(entry.key)
    if (range === undefined) continue
    if ((await readRange(range)).includes('filter=lfs')) return true
  }
  return false
}
