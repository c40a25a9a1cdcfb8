import { createHash } from 'node:crypto'
import { readdir, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TimeMs } from '../model/ids.ts'
import { makeDirectory } from '../std/make-directory.ts'
import { writeWhole } from './write-whole.ts'

const dayMs = 24 * 60 * 60 * 1000

/** A generation older than this gets no new snapshots, so that nothing in it grows for ever. */
const generationAgeMsMax = 14 * dayMs
/** An unused generation is kept this long, for runs that are started again from their snapshot. */
const unusedAgeMsMax = 30 * dayMs
/** Loose objects in one of the 256 directories of the object store, above which a new generation begins. */
const objectsPerDirectoryMax = 200
/** Private files of a process that died. */
const temporaryAgeMsMax = 60 * 60 * 1000

/** Where snapshots of one repository live: an object store of our own that borrows from the user's, and what is prepared from
 *  it. Everything in a generation refers to that generation and to the user's repository only, so pruning removes whole
 *  generations and can break nothing. */
export interface SnapshotStore {
  /** `<key>/<generation>`; with a commit it names a snapshot for good. */
  id: string
  directory: string
  /** Object directory that git writes to. */
  objects: string
}

/** Opens the newest generation, or begins one. */
export async function openSnapshotStore(
  stateDirectory: string,
  commonDirectory: string,
  now: TimeMs,
  uniqueName: string,
): Promise<SnapshotStore> {
  const key = createHash('sha256').update(commonDirectory).digest('hex').slice(0, 16)
  const root = join(stateDirectory, 'snapshots', key)
  const newest = (await generationsOf(root)).at(-1)
  const usable =
    newest !== undefined && now - createdAt(newest) < generationAgeMsMax && (await hasRoom(join(root, newest)))
  const generation = usable ? newest : `g${now}`
  const store = storeAt(stateDirectory, `${key}/${generation}`)
  if (!usable) await createGeneration(store, commonDirectory, uniqueName)
  await markUsed(store, now)
  return store
}

export function storeAt(stateDirectory: string, id: string): SnapshotStore {
  const directory = join(stateDirectory, 'snapshots', id)
  return { id, directory, objects: join(directory, 'objects') }
}

export interface PruneRequest {
  /** `<key>/<generation>` of those that a kept run was started from; undefined: unknown, a month without use decides. */
  needed?: ReadonlySet<string>
  dryRun?: boolean
}

/** Removes generations that nobody needs and files that dead processes left. Returns what it removed. A generation is needed while a kept
 *  run was started from it; the newest of a repository also while it is in use, because it makes the next snapshot quick.
 *  Safe beside running processes: they mark their generation as used before they read it. */
export async function pruneSnapshots(
  stateDirectory: string,
  now: TimeMs,
  { needed, dryRun = false }: PruneRequest = {},
): Promise<string[]> {
  const removed: string[] = []
  const root = join(stateDirectory, 'snapshots')
  for (const key of await namesIn(root)) {
    const generations = await generationsOf(join(root, key))
    for (const generation of generations) {
      const directory = join(root, key, generation)
      const ageMsMax = needed === undefined || generation === generations.at(-1) ? unusedAgeMsMax : temporaryAgeMsMax
      const unused =
        needed?.has(`${key}/${generation}`) !== true && (await olderThan(join(directory, 'used'), now - ageMsMax))
      const paths = unused ? [directory] : await staleTemporaries(directory, now)
      if (!dryRun) for (const path of paths) await rm(path, { recursive: true, force: true })
      removed.push(...paths)
    }
    // Refuses, as it should, while a generation is left.
    if (!dryRun) await rmdir(join(root, key)).catch(() => undefined)
  }
  return removed
}

/** Forgets what the indexes remember, so that the next snapshot reads and writes every file again. */
export async function dropKeptIndexes(store: SnapshotStore): Promise<void> {
  const names = (await namesIn(store.directory)).filter((name) => name.startsWith('index-'))
  for (const name of names) await rm(join(store.directory, name), { force: true })
}

async function createGeneration(store: SnapshotStore, commonDirectory: string, uniqueName: string): Promise<void> {
  await makeDirectory(join(store.objects, 'info'), { mode: 0o700 })
  const place = { storeDirectory: store.directory, uniqueName }
  await writeWhole(join(store.objects, 'info', 'alternates'), `${join(commonDirectory, 'objects')}\n`, place)
}

async function markUsed(store: SnapshotStore, now: TimeMs): Promise<void> {
  const path = join(store.directory, 'used')
  await writeFile(path, '')
  await utimes(path, now / 1000, now / 1000)
}

async function hasRoom(generation: string): Promise<boolean> {
  return (await namesIn(join(generation, 'objects', '17'))).length < objectsPerDirectoryMax
}

async function generationsOf(root: string): Promise<string[]> {
  const names = (await namesIn(root)).filter((name) => /^g\d+$/.test(name))
  return names.sort((a, b) => createdAt(a) - createdAt(b))
}

function createdAt(generation: string): TimeMs {
  return Number(generation.slice(1))
}

async function staleTemporaries(directory: string, now: TimeMs): Promise<string[]> {
  const paths = (await namesIn(join(directory, 'tmp'))).map((name) => join(directory, 'tmp', name))
  const stale: string[] = []
  for (const path of paths) if (await olderThan(path, now - temporaryAgeMsMax)) stale.push(path)
  return stale
}

async function olderThan(path: string, time: TimeMs): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return found === null || found.mtimeMs < time
}

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => [])
}
