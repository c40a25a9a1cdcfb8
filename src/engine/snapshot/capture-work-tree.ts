import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Random } from '../ports/random.ts'
import { captureTree } from './capture-tree.ts'
import type { Git } from './git.ts'
import { openRepository, type Repository } from './repository.ts'
import { openSnapshotStore, type SnapshotStore } from './snapshot-store.ts'
import { createTemporaryDirectory, removeAbandonedTemporaries } from './temporary-directory.ts'
import { writeCommit } from './write-commit.ts'

/** One work tree as a commit, and its initialised submodules in the same way. Plain data. */
export interface WorkTree {
  /** Path inside the parent; '' for the outermost. */
  path: string
  topDirectory: string
  storeId: string
  commitSha: string
  treeSha: string
  /** The tree differs from HEAD's, or there is no HEAD. */
  dirty: boolean
  submodules: WorkTree[]
}

export interface CaptureContext extends CallOptions {
  git: Git
  random: Random
  now: TimeMs
  stateDirectory: string
  ownDirectories: readonly string[]
  /** A plain directory: repositories inside are directories like others. */
  flatten: boolean
  untracked: boolean
  ignored: boolean
  onFiles?: ((files: number) => void) | undefined
  onNotice?: ((text: string) => void) | undefined
}

const commitMessage = 'agola direct run'
const submoduleDepthMax = 10

/** Saves a work tree. A tree that equals HEAD's needs no commit of its own: HEAD is the snapshot, and a step sees the same
 *  commit id as everybody else. */
export async function captureWorkTree(
  repository: Repository,
  context: CaptureContext,
  place = { path: '', depth: 0 },
): Promise<WorkTree> {
  const [store, submodules] = await Promise.all([
    openSnapshotStore(context.stateDirectory, repository.commonDirectory, context.now, context.random.uuid()),
    captureSubmodules(repository, context, place.depth),
  ])
  const treeSha = await captureInTemporary(repository, store, submodules, context)
  const dirty = treeSha !== repository.headTree
  const facts = {
    tree: treeSha,
    parent: repository.headCommit,
    message: commitMessage,
    time: context.now,
    uniqueName: context.random.uuid(),
  }
  const commitSha =
    !dirty && repository.headCommit !== null ? repository.headCommit : await writeCommit(store.objects, facts)
  const { topDirectory } = repository
  return { path: place.path, topDirectory, storeId: store.id, commitSha, treeSha, dirty, submodules }
}

async function captureInTemporary(
  repository: Repository,
  store: SnapshotStore,
  submodules: readonly WorkTree[],
  context: CaptureContext,
): Promise<string> {
  const gitlinks = new Map(submodules.map((submodule) => [submodule.path, submodule.commitSha]))
  const options = { ...context, gitlinks }
  await removeAbandonedTemporaries(store)
  const temporary = await createTemporaryDirectory(store, context.random.uuid())
  try {
    return await captureTree(context.git, repository, store, temporary, options)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function captureSubmodules(repository: Repository, context: CaptureContext, depth: number): Promise<WorkTree[]> {
  const top = repository.topDirectory
  if (context.flatten || depth >= submoduleDepthMax || !(await exists(join(top, '.gitmodules')))) return []
  const args = ['config', '-z', '--file', '.gitmodules', '--get-regexp', '^submodule\\..*\\.path$']
  const listed = await context.git.try(args, { cwd: top, signal: context.signal })
  const entries = listed.stdout.toString().split('\0')
  const paths = new Set(entries.map((entry) => entry.slice(entry.indexOf('\n') + 1)).filter((path) => path !== ''))
  const captured: WorkTree[] = []
  for (const path of [...paths].sort()) {
    // Without a `.git` of its own it is not initialised, and its gitlink stays an empty directory, as on the server.
    if (isOutside(path) || !(await exists(join(top, path, '.git')))) continue
    const submodule = await openRepository(context.git, join(top, path), { signal: context.signal })
    if (submodule.headCommit === null) continue
    captured.push(await captureWorkTree(submodule, context, { path, depth: depth + 1 }))
  }
  return captured
}

function isOutside(path: string): boolean {
  return path.startsWith('/') || path.split('/').includes('..')
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}
