import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { AgolaError, hasCode, messageOf } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Random } from '../../ports/random.ts'
import { allOf } from '../../std/all-of.ts'
import type { WorkTree } from '../capture-work-tree.ts'
import type { Git } from '../git.ts'
import { openRepository, type Repository } from '../repository.ts'
import type { SnapshotFacts } from '../snapshot-facts.ts'
import { dropKeptIndexes, type SnapshotStore, storeAt } from '../snapshot-store.ts'
import { createTemporaryDirectory } from '../temporary-directory.ts'
import { contentsFingerprint, loadContents } from './contents.ts'
import { type Closable, gitDirectoryEntries, openWhole } from './git-directory.ts'
import { type History, prepareHistory } from './history.ts'
import { type ListedEntry, listTree } from './list-tree.ts'
import { type FileRange, readRange, type TarEntry } from './tar-entry.ts'
import { tarBytes, tarStream } from './tar-stream.ts'

export interface SourceContext {
  git: Git
  random: Random
  stateDirectory: string
  facts: SnapshotFacts
  /** Those that were looked at when the snapshot was taken, by their top directory; others are looked at again. */
  repositories: ReadonlyMap<string, Repository>
  onNotice: (text: string) => void
}

/** A checkout that can be streamed any number of times, until it is closed. */
export interface PreparedSource {
  sizeBytes: number
  stream(): Readable
  close(): Promise<void>
}

/** Makes the checkout of a snapshot ready: contents and packs are read from, and added to, what earlier snapshots left. The
 *  archive itself is never stored; it is put together while it is read. */
export async function prepareSource(
  context: SourceContext,
  request: { depth: number; recurseSubmodules: boolean },
  options: CallOptions,
): Promise<PreparedSource> {
  const files: Closable[] = []
  try {
    const entries = await workTreeEntries(context, context.facts.workTree, '', { ...request, ...options }, files)
    const mtimeSeconds = Math.floor(context.facts.createdAt / 1000)
    return {
      sizeBytes: tarBytes(entries),
      stream: () => tarStream(entries, mtimeSeconds),
      close: () => closeAll(files),
    }
  } catch (error) {
    await closeAll(files)
    throw await explain(error, context)
  }
}

/** Objects that were only borrowed from the user's repository can be pruned there, and the kept index would not notice. */
async function explain(error: unknown, context: SourceContext): Promise<unknown> {
  if (!hasCode(error, 'gitFailed') || !/unable to read|missing|bad object|could not read/i.test(messageOf(error)))
    return error
  await dropKeptIndexes(storeAt(context.stateDirectory, context.facts.workTree.storeId))
  const message = `Objects of the snapshot are gone from the repository, git has pruned them. Start again. (${messageOf(error)})`
  return new AgolaError('snapshotFailed', message, { cause: error })
}

type EntriesRequest = CallOptions & { depth: number; recurseSubmodules: boolean }

async function workTreeEntries(
  context: SourceContext,
  workTree: WorkTree,
  prefix: string,
  request: EntriesRequest,
  files: Closable[],
): Promise<TarEntry[]> {
  const known = context.repositories.get(workTree.topDirectory)
  const repository = known ?? (await openRepository(context.git, workTree.topDirectory, { signal: request.signal }))
  const store = storeAt(context.stateDirectory, workTree.storeId)
  const temporary = await createTemporaryDirectory(store, context.random.uuid())
  try {
    const place = { workTree, repository, store, temporary, prefix }
    return await entriesOf(context, place, request, files)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

interface Place {
  workTree: WorkTree
  repository: Repository
  store: SnapshotStore
  temporary: string
  prefix: string
}

async function entriesOf(
  context: SourceContext,
  place: Place,
  request: EntriesRequest,
  files: Closable[],
): Promise<TarEntry[]> {
  const { workTree, store, prefix } = place
  const gitPlace = { cwd: workTree.topDirectory, objects: store.objects }
  const readTree = async () => {
    const [listed, index] = await allOf([
      listTree(context.git, gitPlace, workTree.treeSha, { signal: request.signal }),
      writeIndex(context.git, place, request),
    ])
    return { listed, index, ranges: await contentsOf(context, place, { listed, index, signal: request.signal }, files) }
  }
  const [{ listed, index, ranges }, history] = await allOf([
    readTree(),
    // A directory that is no repository is none in a task either.
    context.facts.plainGitDirectory === null ? historyOf(context, place, request) : null,
  ])
  const gitDirectory = history === null ? [] : await gitDirectoryOf(context, place, { index, history }, files)
  const tree = await treeEntries(listed, ranges, prefix)
  return [...gitDirectory, ...tree, ...(await submoduleEntries(context, place, request, files))]
}

async function historyOf(context: SourceContext, place: Place, request: EntriesRequest): Promise<History> {
  const { workTree, repository, store } = place
  return await prepareHistory(
    context.git,
    { cwd: workTree.topDirectory, objects: store.objects },
    {
      commit: workTree.commitSha,
      depth: request.depth,
      commonDirectory: repository.commonDirectory,
      directory: store.directory,
      newName: () => context.random.uuid(),
      isPartialClone: repository.config.has('extensions.partialclone'),
      onNotice: context.onNotice,
      signal: request.signal,
    },
  )
}

async function gitDirectoryOf(
  { facts }: SourceContext,
  { workTree, repository, prefix }: Place,
  { index, history }: { index: string; history: History },
  files: Closable[],
): Promise<TarEntry[]> {
  const own = {
    commitSha: workTree.commitSha,
    ref: workTree.path === '' ? facts.ref : null,
    remoteUrl: workTree.path === '' ? facts.remoteUrl : null,
    config: repository.config,
    index: await openWhole(index, files),
    history,
  }
  return await gitDirectoryEntries(`${prefix}.git`, own, files)
}

/** A fresh index: the one that the snapshot was made with holds flags and times of the user's work tree. */
async function writeIndex(git: Git, place: Place, request: EntriesRequest): Promise<string> {
  const index = join(place.temporary, 'index')
  await git.run(['read-tree', place.workTree.treeSha], {
    cwd: place.workTree.topDirectory,
    env: { GIT_OBJECT_DIRECTORY: place.store.objects, GIT_INDEX_FILE: index },
    signal: request.signal,
  })
  return index
}

async function contentsOf(
  context: SourceContext,
  place: Place,
  request: CallOptions & { listed: readonly ListedEntry[]; index: string },
  files: Closable[],
): Promise<Map<string, FileRange>> {
  const { workTree, repository, store, temporary } = place
  const globalAttributes = repository.config.get('core.attributesfile')
  const attributesFiles = [
    join(repository.commonDirectory, 'info', 'attributes'),
    ...(globalAttributes ? [globalAttributes] : []),
  ]
  const checkOut = join(temporary, 'checkout')
  await mkdir(checkOut)
  const contents = await loadContents(
    context.git,
    { cwd: workTree.topDirectory, objects: store.objects },
    {
      entries: request.listed.filter((entry) => entry.mode !== '040000' && entry.mode !== '160000'),
      directory: store.directory,
      fingerprint: await contentsFingerprint(repository.config, request.listed, attributesFiles),
      index: request.index,
      temporary: checkOut,
      newName: () => context.random.uuid(),
      onNotice: context.onNotice,
      signal: request.signal,
    },
  )
  files.push(contents)
  return contents.ranges
}

async function treeEntries(
  listed: readonly ListedEntry[],
  ranges: ReadonlyMap<string, FileRange>,
  prefix: string,
): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  for (const entry of listed) {
    const path = prefix + entry.path
    const content = ranges.get(entry.key)
    if (content === undefined) entries.push({ kind: 'directory', path })
    else if (entry.mode === '120000')
      entries.push({ kind: 'link', path, target: (await readRange(content)).toString('latin1') })
    else entries.push({ kind: 'file', path, mode: entry.mode === '100755' ? 0o755 : 0o644, content })
  }
  return entries
}

/** An empty directory stands for a submodule that was not asked for, as after a plain clone. */
async function submoduleEntries(
  context: SourceContext,
  place: Place,
  request: EntriesRequest,
  files: Closable[],
): Promise<TarEntry[]> {
  if (!request.recurseSubmodules) return []
  const entries: TarEntry[] = []
  for (const submodule of place.workTree.submodules) {
    const prefix = `${place.prefix}${Buffer.from(submodule.path).toString('latin1')}/`
    for (const entry of await workTreeEntries(context, submodule, prefix, request, files)) entries.push(entry)
  }
  return entries
}

async function closeAll(files: Closable[]): Promise<void> {
  for (const file of files.splice(0)) await file.close()
}
