import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AgolaError } from '../model/errors.ts'
import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Random } from '../ports/random.ts'
import { makeDirectory } from '../std/make-directory.ts'
import { captureWorkTree, type WorkTree } from './capture-work-tree.ts'
import { Git } from './git.ts'
import { gitOfPlainDirectory, openPlainDirectory, type PlainDirectory } from './plain-directory.ts'
import { chooseRef, type RefFacts, type RefOptions } from './ref-facts.ts'
import { sanitiseRemoteUrl } from './remote-url.ts'
import { ensureRepoUuid } from './repo-uuid.ts'
import { openRepository, type Repository } from './repository.ts'
import { createSnapshot, type Snapshot } from './snapshot.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { storeAt } from './snapshot-store.ts'
import { removeAbandonedTemporaries } from './temporary-directory.ts'
import { writeWhole } from './write-whole.ts'

export interface SnapshotRequest {
  /** Anywhere inside a work tree; the whole work tree is taken. */
  directory: string
  /** Files that git does not know and does not ignore. */
  untracked: boolean
  /** Ignored files too. */
  ignored: boolean
  /** Take the directory itself, though it belongs to no git repository, or to one further up. */
  withoutGit?: boolean | undefined
  ref: RefOptions
  /** Root of our own state, see `engine/local`; never a part of a snapshot. */
  stateDirectory: string
  /** Of caches; never a part of a snapshot either. */
  cacheDirectory?: string | undefined
  environment: Readonly<Record<string, string | undefined>>
  now: TimeMs
  random: Random
}

export interface SnapshotOptions extends CallOptions {
  onProgress?: ((progress: SnapshotProgress) => void) | undefined
  /** Which repository it is, told as soon as that is known. */
  onRepository?: ((repoUuid: string) => void) | undefined
}

export type SnapshotProgress =
  /** Changed files saved so far. */
  | { type: 'files'; files: number }
  /** Something that the user should know. */
  | { type: 'notice'; text: string }

/** Saves the work tree as it is now (spec/local-runs.md 5). The repository stays as it was, but for its id in the git config.
 *  Resolves as soon as files can be read; what clone steps need is prepared by `openSource`. The caller closes the snapshot.
 *  Throws `notAGitRepository`, `flagConflict`, `flagInvalid`, `snapshotFailed`, `diskFull` or `gitFailed`. */
export async function takeSnapshot(request: SnapshotRequest, options: SnapshotOptions = {}): Promise<Snapshot> {
  const { signal, onProgress } = options
  const plain = request.withoutGit ? await openPlain(request, { signal }) : null
  const git = gitFor(plain, request.environment)
  const repository = await openRepository(git, plain?.topDirectory ?? request.directory, { signal })
  const ref = await chooseRef(request.ref, repository.branch)
  const onNotice = (text: string) => onProgress?.({ type: 'notice', text })
  const onFiles = onProgress && ((files: number) => onProgress({ type: 'files', files }))
  const { random, now, stateDirectory, cacheDirectory, untracked, ignored } = request
  const ownDirectories = cacheDirectory === undefined ? [stateDirectory] : [stateDirectory, cacheDirectory]
  const what = { untracked, ignored, ownDirectories, flatten: plain !== null }
  const context = { git, random, now, stateDirectory, ...what, onFiles, onNotice, signal }
  const identify = async () => {
    const repoUuid = await ensureRepoUuid(git, repository, random, { signal, onNotice })
    options.onRepository?.(repoUuid)
    return repoUuid
  }
  const [repoUuid, workTree] = await Promise.all([identify(), captureWithRetry(repository, context)])
  const repositories = new Map([[repository.topDirectory, repository]])
  const facts = snapshotFacts(repository, workTree, { plain, ref, repoUuid, createdAt: now })
  await saveFacts(stateDirectory, facts, random.uuid())
  return createSnapshot({ git, random, stateDirectory, repositories, onNotice }, facts)
}

/** Opens a snapshot that was taken before, by its id. Throws `snapshotFailed` when it is no longer kept. */
export async function openSnapshot(
  id: string,
  request: Pick<SnapshotRequest, 'stateDirectory' | 'environment' | 'random'>,
  options: Pick<SnapshotOptions, 'onProgress'> = {},
): Promise<Snapshot> {
  const { random, stateDirectory, environment } = request
  const facts = await readFacts(stateDirectory, id)
  await removeAbandonedTemporaries(storeAt(stateDirectory, facts.workTree.storeId))
  const onNotice = (text: string) => options.onProgress?.({ type: 'notice', text })
  const git = gitOfSnapshot(facts, environment)
  return createSnapshot({ git, random, stateDirectory, repositories: new Map(), onNotice }, facts)
}

/** git that works on what a snapshot was taken of. */
export function gitOfSnapshot(
  { topDirectory, plainGitDirectory }: Pick<SnapshotFacts, 'topDirectory' | 'plainGitDirectory'>,
  environment: SnapshotRequest['environment'],
): Git {
  return gitFor(plainGitDirectory === null ? null : { topDirectory, gitDirectory: plainGitDirectory }, environment)
}

function gitFor(plain: PlainDirectory | null, environment: SnapshotRequest['environment']): Git {
  return plain === null ? new Git(environment) : gitOfPlainDirectory(plain, environment)
}

async function openPlain(
  { directory, environment, stateDirectory, untracked, random }: SnapshotRequest,
  options: CallOptions,
): Promise<PlainDirectory> {
  if (!untracked) {
    const message = '--no-git and --no-untracked cannot be used together: without git every file is untracked.'
    throw new AgolaError('flagConflict', message)
  }
  return await openPlainDirectory({ directory, environment, stateDirectory, uniqueName: random.uuid() }, options)
}

/** A kept index can rely on objects that are gone since. That attempt has dropped it, and the next one starts afresh. */
async function captureWithRetry(...args: Parameters<typeof captureWorkTree>): Promise<WorkTree> {
  try {
    return await captureWorkTree(...args)
  } catch (error) {
    const details =
      error instanceof AgolaError && error.cause instanceof AgolaError ? error.cause.details.args : undefined
    if (!Array.isArray(details) || details[0] !== 'write-tree') throw error
    return await captureWorkTree(...args)
  }
}

function snapshotFacts(
  repository: Repository,
  workTree: WorkTree,
  { plain, ...rest }: { plain: PlainDirectory | null; ref: RefFacts; repoUuid: string; createdAt: TimeMs },
): SnapshotFacts {
  const origin = repository.config.get('remote.origin.url')
  const remoteUrl = origin === undefined ? null : sanitiseRemoteUrl(origin)
  const { commitSha, treeSha, dirty, storeId, topDirectory } = workTree
  const repositoryUrl = remoteUrl ?? pathToFileURL(topDirectory).href
  return {
    id: `${storeId}/${commitSha}`,
    // The commit of a plain directory is nobody's but ours.
    commitSha: plain === null ? commitSha : '',
    treeSha,
    dirty: dirty && plain === null,
    topDirectory,
    plainGitDirectory: plain?.gitDirectory ?? null,
    remoteUrl,
    repositoryUrl,
    workTree,
    ...rest,
  }
}

async function saveFacts(stateDirectory: string, facts: SnapshotFacts, uniqueName: string): Promise<void> {
  const path = factsPath(stateDirectory, facts.id)
  await makeDirectory(dirname(path), { mode: 0o700 })
  const storeDirectory = storeAt(stateDirectory, facts.workTree.storeId).directory
  await writeWhole(path, JSON.stringify(facts), { storeDirectory, uniqueName })
}

async function readFacts(stateDirectory: string, id: string): Promise<SnapshotFacts> {
  const text = await readFile(factsPath(stateDirectory, id), 'utf8').catch(() => 'null')
  try {
    // Our own file, written whole by `saveFacts`.
    const facts: SnapshotFacts | null = JSON.parse(text)
    if (facts?.id === id) return { ...facts, plainGitDirectory: facts.plainGitDirectory ?? null }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new AgolaError('snapshotFailed', `The snapshot ${id} is no longer kept. Start the run from a new snapshot.`)
}

function factsPath(stateDirectory: string, id: string): string {
  const [key = '', generation = '', commit = ''] = id.split('/')
  if (!/^[0-9a-f]{16}\/g\d+\/[0-9a-f]{40,64}$/.test(id)) {
    throw new AgolaError('snapshotFailed', `${JSON.stringify(id)} is not the id of a snapshot.`)
  }
  return join(storeAt(stateDirectory, `${key}/${generation}`).directory, 'snapshots', `${commit}.json`)
}
