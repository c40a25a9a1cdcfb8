import { createHash } from 'node:crypto'
import { link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AgolaError } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import { makeDirectory } from '../../std/make-directory.ts'
import type { Git } from '../git.ts'
import { ObjectReader } from '../object-reader.ts'
import { type WholeFilePlace, writeWhole } from '../write-whole.ts'
import { type CommitWindow, readCommitWindow } from './commit-window.ts'
import type { GitPlace } from './list-tree.ts'

export interface HistoryRequest extends CallOptions {
  commit: string
  /** 0: all there is. */
  depth: number
  commonDirectory: string
  /** Of the snapshot store: the packs of this repository are kept there. */
  directory: string
  isPartialClone: boolean
  newName: () => string
  onNotice: (text: string) => void
}

/** What makes a `.git` directory complete for one commit. */
export interface History {
  /** Files below `objects/pack`. */
  packDirectory: string
  packs: string[]
  /** Commits without parents here; the content of `.git/shallow`. */
  shallow: string[]
  /** Lines of `packed-refs`, by ref name. */
  tags: Map<string, string[]>
}

/** Above this the whole history is not copied into every task unless a step asks for it (spec/local-runs.md 5.2). */
const wholeHistoryBytesMax = 200 * 1000 * 1000
const limitedDepth = 100
const packsMax = 20

/** Packs everything that `commit` needs. Packs of earlier snapshots are used again, so only new objects are written. */
export async function prepareHistory(git: Git, place: GitPlace, request: HistoryRequest): Promise<History> {
  const depth = await chooseDepth(request)
  const ownShallow = await readLines(join(request.commonDirectory, 'shallow'))
  const window = depth === 0 ? null : await readWindow(git, place, { commit: request.commit, depth, ownShallow })
  const tags = await listTags(git, place, request, window?.commits ?? null)
  const boundary = window?.boundary ?? []
  const tagObjects = [...tags.values()].map(([line = '']) => line.split(' ')[0] ?? '')
  const name = `history-${depth === 0 ? 'all' : depth}`
  const pack = async (fresh: boolean) => {
    const directory = await openPacks(request.directory, name, { fresh, newName: request.newName })
    await packObjects(git, place, directory, { ...request, tagObjects, boundary, ownShallow, whole: depth === 0 })
    return directory
  }
  const directory = await pack(false).catch((error: unknown) => {
    request.signal?.throwIfAborted()
    // What an earlier snapshot left may rely on objects that are gone since.
    if (!(error instanceof AgolaError)) throw error
    return pack(true)
  })
  return {
    packDirectory: packDirectoryOf(directory),
    packs: await packsOf(directory),
    shallow: window === null ? ownShallow : boundary,
    tags,
  }
}

async function readWindow(
  git: Git,
  { cwd, objects }: GitPlace,
  { commit, depth, ownShallow }: { commit: string; depth: number; ownShallow: string[] },
): Promise<CommitWindow> {
  const reader = new ObjectReader(git, cwd, objects)
  try {
    return await readCommitWindow(reader, commit, depth, new Set(ownShallow))
  } finally {
    reader.close()
  }
}

/** Packs are gathered in a directory until there are too many, or until they are of no use. Then a new directory takes over, with the
 *  largest pack of a full one. The one before stays for processes that are at work in it. */
async function openPacks(
  parent: string,
  name: string,
  { fresh, newName }: { fresh: boolean; newName: () => string },
): Promise<string> {
  const names = (await readdir(parent)).filter((entry) => entry.startsWith(`${name}.`))
  const epochs = names.map((entry) => Number(entry.slice(name.length + 1))).sort((a, b) => a - b)
  const newest = epochs.at(-1) ?? 0
  const isFull = (await packsOf(join(parent, `${name}.${newest}`))).length >= packsMax
  if (!fresh && !isFull) return join(parent, `${name}.${newest}`)
  for (const epoch of epochs) {
    if (epoch < newest) await rm(join(parent, `${name}.${epoch}`), { recursive: true, force: true })
  }
  const next = join(parent, `${name}.${newest + 1}`)
  const whole = { storeDirectory: parent, uniqueName: newName() }
  // It spares work, no more: not every file system has hard links.
  if (!fresh) await takeOverLargestPack(join(parent, `${name}.${newest}`), next, whole).catch(() => undefined)
  return next
}

/** Only a pack with most of the bytes is worth it: what it holds need not be packed again. Where it has all that a tip needs, its tip goes
 *  with it, so that nobody looks at those commits again either. */
async function takeOverLargestPack(from: string, to: string, whole: WholeFilePlace): Promise<void> {
  const packs = await packsOf(from)
  const sizes = await Promise.all(packs.map(async (pack) => (await stat(packFile(from, pack, 'pack'))).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const largest = packs[sizes.findIndex((size) => size > total / 2)]
  if (largest === undefined) return
  await makeDirectory(packDirectoryOf(to))
  // As git does: what makes it count comes last.
  for (const kind of ['keep', 'pack', 'idx']) await link(packFile(from, largest, kind), packFile(to, largest, kind))
  await link(packFile(from, largest, 'tip'), packFile(to, largest, 'tip'))
  await writeWhole(join(to, 'tips'), await readFile(packFile(to, largest, 'tip'), 'utf8'), whole)
}

async function chooseDepth(request: HistoryRequest): Promise<number> {
  if (request.depth > 0) return request.depth
  if (request.isPartialClone) {
    request.onNotice('This is a partial clone: steps get its newest commit only. Give the clone step a depth for more.')
    return 1
  }
  const bytes = await packedBytes(join(request.commonDirectory, 'objects', 'pack'))
  if (bytes <= wholeHistoryBytesMax) return 0
  const megabytes = Math.round(bytes / 1e6)
  request.onNotice(
    `The history has ${megabytes} MB: steps get its last ${limitedDepth} commits. Give the clone step a depth for more.`,
  )
  return limitedDepth
}

async function packedBytes(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => [])
  const sizes = names
    .filter((name) => name.endsWith('.pack'))
    .map(async (name) => (await stat(join(directory, name)).catch(() => null))?.size ?? 0)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

interface PackRequest extends HistoryRequest {
  tagObjects: string[]
  boundary: string[]
  /** Commits that the user's repository has no parents of. */
  ownShallow: string[]
  /** All ancestors are packed, so that those of an earlier commit need not be looked at again. */
  whole: boolean
}

async function packObjects(git: Git, place: GitPlace, directory: string, request: PackRequest): Promise<void> {
  const objects = join(directory, 'objects')
  await makeDirectory(packDirectoryOf(directory))
  await makeDirectory(join(objects, 'info'))
  await writeFile(
    join(objects, 'info', 'alternates'),
    `${place.objects}\n${join(request.commonDirectory, 'objects')}\n`,
  )
  const tips = await readLines(join(directory, 'tips'))
  if (tips.includes(tipOf(request))) return
  // Once a shallow repository was deepened, an earlier commit has ancestors that no pack holds.
  const ends = ` ${endsOf(request)}`
  const known = request.whole ? tips.filter((tip) => tip.endsWith(ends)).map((tip) => `^${tip.split(' ')[0]}`) : []
  const input = [...request.boundary.map((id) => `--shallow ${id}`), request.commit, ...request.tagObjects, ...known]
  const fast = ['pack.compression=1', 'pack.packSizeLimit=0', 'pack.writeReverseIndex=false', 'pack.threads=0']
  const args = ['pack-objects', '--revs', '--honor-pack-keep', '--non-empty', '--delta-base-offset', '--window=0', '-q']
  const output = await git.run(
    [...fast.flatMap((setting) => ['-c', setting]), ...args, join(packDirectoryOf(directory), 'pack')],
    {
      cwd: place.cwd,
      env: { GIT_OBJECT_DIRECTORY: objects },
      input: `${input.join('\n')}\n`,
      signal: request.signal,
    },
  )
  // No pack was there that it could leave objects to, since packs only come.
  const hasAll = request.whole && known.length === 0 && (await packsOf(directory)).length === 1
  for (const id of output.toString().split('\n').filter(Boolean)) {
    if (hasAll) await writeFile(packFile(directory, `pack-${id}`, 'tip'), `${tipOf(request)}\n`)
    // The mark that makes `--honor-pack-keep` leave its objects out of the next pack.
    await writeFile(packFile(directory, `pack-${id}`, 'keep'), '')
  }
  const whole = { storeDirectory: request.directory, uniqueName: request.newName() }
  await writeWhole(join(directory, 'tips'), `${[...tips, tipOf(request)].join('\n')}\n`, whole)
}

/** Tags that came later need packing though the commit has been packed. */
function tipOf(request: PackRequest): string {
  return [request.commit, ...[...request.tagObjects].sort(), endsOf(request)].join(' ')
}

/** Tells where the history of the user's repository ends. */
function endsOf({ ownShallow }: PackRequest): string {
  if (ownShallow.length === 0) return 'roots'
  return createHash('sha256')
    .update([...ownShallow].sort().join(' '))
    .digest('hex')
    .slice(0, 12)
}

/** Tags of commits in the history, each with its lines of `packed-refs`: its object, then what it peels to. */
async function listTags(
  git: Git,
  place: GitPlace,
  request: HistoryRequest,
  window: ReadonlySet<string> | null,
): Promise<Map<string, string[]>> {
  const format = '%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname)'
  const merged = window === null ? [`--merged=${request.commit}`] : []
  const output = await git.run(['for-each-ref', `--format=${format}`, ...merged, 'refs/tags'], {
    cwd: place.cwd,
    env: { GIT_OBJECT_DIRECTORY: place.objects },
    signal: request.signal,
  })
  const tags = new Map<string, string[]>()
  for (const line of output.toString('latin1').split('\n').filter(Boolean)) {
    const [id = '', type = '', peeled = '', peeledType = '', ...name] = line.split(' ')
    const commit = type === 'commit' ? id : peeledType === 'commit' ? peeled : ''
    if (commit === '' || (window !== null && !window.has(commit))) continue
    const ref = name.join(' ')
    tags.set(ref, type === 'commit' ? [`${id} ${ref}`] : [`${id} ${ref}`, `^${peeled}`])
  }
  return tags
}

function packFile(directory: string, pack: string, kind: string): string {
  return join(packDirectoryOf(directory), `${pack}.${kind}`)
}

function packDirectoryOf(directory: string): string {
  return join(directory, 'objects', 'pack')
}

async function packsOf(directory: string): Promise<string[]> {
  const names = await readdir(packDirectoryOf(directory)).catch(() => [])
  const indexes = new Set(names.filter((name) => name.endsWith('.idx')).map((name) => name.slice(0, -4)))
  return names
    .filter((name) => name.endsWith('.pack'))
    .map((name) => name.slice(0, -5))
    .filter((name) => indexes.has(name))
    .sort()
}

async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}
