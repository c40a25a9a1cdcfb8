import { createHash } from 'node:crypto'
import { copyFile, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import { leadsOut } from '../std/leads-out.ts'
import { type Git, type GitResult, gitFailure } from './git.ts'
import type { Repository } from './repository.ts'
import type { SnapshotStore } from './snapshot-store.ts'

export interface CaptureOptions extends CallOptions {
  /** Files that git does not know and does not ignore. */
  untracked: boolean
  /** Ignored files too; implies `untracked`. */
  ignored: boolean
  /** Our own directories: never a part of the tree, wherever they lie. */
  ownDirectories: readonly string[]
  /** Take the files of repositories inside too, instead of the commits that they are at. */
  flatten: boolean
  /** Commits to record for submodules instead of their HEAD, by path. */
  gitlinks: ReadonlyMap<string, string>
  /** Files added so far. */
  onFiles?: ((files: number) => void) | undefined
  /** Told about what was left out. */
  onNotice?: ((text: string) => void) | undefined
}

const attemptsMax = 20
/** The id of a tree between two line ends. */
const treeLineMax = 66
/** SHA-1, as the repositories that stand in for plain directories have it. */
const emptyFile = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'

/** Writes the work tree as it is now into the store and returns the tree's id. Git's index remembers what each file looked
 *  like, so a copy of it is kept beside the store: the next call reads only files that changed since.
 *  `temporary` is a private directory. Throws `snapshotFailed`, `diskFull` or `gitFailed`. */
export async function captureTree(
  git: Git,
  repository: Repository,
  store: SnapshotStore,
  temporary: string,
  options: CaptureOptions,
): Promise<string> {
  const index = join(temporary, 'index')
  const kept = await borrowIndex(repository, store, index, options)
  const context = {
    cwd: repository.topDirectory,
    env: { GIT_OBJECT_DIRECTORY: store.objects, GIT_INDEX_FILE: index },
    signal: options.signal,
  }
  const tree =
    (await addAndWrite(git, repository, context, options)) ??
    (await addThenWrite(git, repository, context, options, join(store.directory, kept)))
  await keepIndex(store, index, kept)
  return tree
}

async function addThenWrite(
  git: Git,
  repository: Repository,
  context: GitContext,
  options: CaptureOptions,
  keptIndex: string,
): Promise<string> {
  await addFiles(git, repository, context, options)
  if (options.gitlinks.size > 0) await recordGitlinks(git, context, options.gitlinks)
  const written = await git.try(['write-tree'], context)
  if (written.exitCode === 0) return written.stdout.toString().trim()
  // An object that the kept index relies on is gone: without that index the next attempt adds everything anew.
  await rm(keptIndex, { force: true })
  throw addFailure(['write-tree'], written)
}

/** Both in one go, as most trees let us. null when something has to be looked at. */
async function addAndWrite(
  git: Git,
  repository: Repository,
  context: GitContext,
  options: CaptureOptions,
): Promise<string | null> {
  if (options.flatten || options.gitlinks.size > 0) return null
  const add = addCommand(ownPathspecs(repository, options.ownDirectories), options)
  let last = ''
  const treeOf = () => /(?:^|\n)([0-9a-f]{40}|[0-9a-f]{64})\n$/.exec(last)?.[1] ?? null
  const count = countLines((lines) => options.onFiles?.(treeOf() === null ? lines : lines - 1))
  const onOutput = (chunk: Buffer) => {
    last = `${last}${chunk.toString('latin1')}`.slice(-treeLineMax)
    count(chunk)
  }
  const done = await git.tryAll([add, ['write-tree']], { ...context, onOutput })
  return done && treeOf()
}

type GitContext = { cwd: string; env: Record<string, string>; signal: AbortSignal | undefined }

/** Fills `index` with the best start there is and returns the name under which the result is to be kept: it holds a hash of
 *  the user's index, because a change there (`git rm --cached`, `git add -f`) changes which files are tracked. */
async function borrowIndex(
  repository: Repository,
  store: SnapshotStore,
  index: string,
  options: CaptureOptions,
): Promise<string> {
  const usersIndex = join(repository.gitDirectory, 'index')
  const content = await readFile(usersIndex).catch(() => null)
  const kept = `${indexPrefix(repository, options)}${hash(content ?? '')}`
  const source = (await copyIndex(join(store.directory, kept), index)) || (await copyIndex(usersIndex, index))
  if (!source && content !== null) throw new AgolaError('snapshotFailed', `${usersIndex} cannot be copied.`)
  return kept
}

function indexPrefix(repository: Repository, options: CaptureOptions): string {
  const mode = options.ignored ? 'ignored' : options.untracked ? 'untracked' : 'tracked'
  return `index-${hash(repository.topDirectory).slice(0, 12)}-${mode}-`
}

/** The copy keeps the time of the original, rounded down: git takes a file for changed if it is as new as the index, and a
 *  younger copy would hide a change made within the same instant. */
async function copyIndex(from: string, to: string): Promise<boolean> {
  const found = await stat(from).catch(() => null)
  if (found === null) return false
  const time = Math.floor(found.mtimeMs) / 1000
  await copyFile(from, to)
  await utimes(to, time, time)
  return true
}

async function keepIndex(store: SnapshotStore, index: string, kept: string): Promise<void> {
  const prefix = kept.slice(0, kept.lastIndexOf('-') + 1)
  await rename(index, join(store.directory, kept))
  for (const name of await readdir(store.directory)) {
    if (name.startsWith(prefix) && name !== kept) await rm(join(store.directory, name), { force: true })
  }
}

async function addFiles(git: Git, repository: Repository, context: GitContext, options: CaptureOptions): Promise<void> {
  const excluded = ownPathspecs(repository, options.ownDirectories)
  const { onFiles } = options
  const onOutput = onFiles && countLines(onFiles)
  for (let attempt = 1; ; attempt += 1) {
    const args = addCommand(excluded, options)
    const result = await git.try(args, onOutput ? { ...context, onOutput } : context)
    const inside = result.exitCode === 0 && options.flatten ? await listGitlinks(git, context) : []
    if (result.exitCode === 0 && inside.length === 0) return
    const bare = /'(.+?)\/?' does not have a commit checked out/.exec(result.stderr)?.[1]
    if (inside.length === 0 && bare === undefined && !isVanishedFile(result)) throw addFailure(args, result)
    if (attempt === attemptsMax) throw addFailure(args, result)
    if (options.flatten) await enterRepositories(git, context, bare === undefined ? inside : [bare])
    else if (bare !== undefined) {
      excluded.push(`:(top,exclude,literal)${bare}`)
      options.onNotice?.(`${bare} is a git repository without a commit: it is not part of the snapshot.`)
    }
  }
}

/** `excluded` are pathspecs. */
function addCommand(excluded: readonly string[], options: CaptureOptions): string[] {
  const mode = options.ignored ? ['-A', '-f'] : options.untracked ? ['-A'] : ['-u']
  const pathspecs = excluded.length === 0 ? [] : ['--', ':(top)', ...excluded]
  return ['add', ...mode, ...(options.onFiles ? ['-v'] : []), ...pathspecs]
}

/** Tells of each piece of output how many lines there were up to its end. */
function countLines(onLines: (lines: number) => void): (chunk: Buffer) => void {
  let lines = 0
  return (chunk) => {
    for (const byte of chunk) if (byte === 10) lines += 1
    onLines(lines)
  }
}

/** A build or an editor removed it between listing and reading; the next attempt sees the tree as it is then. */
function isVanishedFile(result: GitResult): boolean {
  return /(unable to stat|open\()\W.*No such file or directory/.test(result.stderr)
}

async function listGitlinks(git: Git, context: GitContext): Promise<string[]> {
  const listed = (await git.run(['ls-files', '--stage', '-z'], context)).toString()
  return listed
    .split('\0')
    .filter((line) => line.startsWith('160000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1))
}

/** git looks into a directory, though it is a repository of its own, once the index has a file of it: a file that is not there, which the
 *  next `add` takes out again. */
async function enterRepositories(git: Git, context: GitContext, paths: readonly string[]): Promise<void> {
  const lines = paths.map((path) => `100644 ${emptyFile}\t${path}/.agola-none\0`)
  await git.run(['update-index', '-z', '--index-info'], { ...context, input: lines.join('') })
}

/** Everything below our own directories. Each begins with a quoted character: git takes plain text at the beginning of any pathspec, of an
 *  excluding one too, for a path that is to be added, and fails when that lies in a directory that is ignored. */
function ownPathspecs(repository: Repository, ownDirectories: readonly string[]): string[] {
  const paths = ownDirectories.map((directory) => relative(repository.topDirectory, directory))
  const inside = paths.filter((path) => path !== '' && !leadsOut(path))
  return inside.map((path) => `:(top,exclude,glob)${quoteGlob(sep === '/' ? path : path.replaceAll(sep, '/'))}/**`)
}

function quoteGlob(path: string): string {
  return `\\${path.slice(0, 1)}${path.slice(1).replaceAll(/[*?[\\]/g, '\\$&')}`
}

async function recordGitlinks(git: Git, context: GitContext, gitlinks: ReadonlyMap<string, string>): Promise<void> {
  const lines = [...gitlinks].map(([path, commit]) => `160000 ${commit}\t${path}\0`)
  await git.run(['update-index', '-z', '--index-info'], { ...context, input: lines.join('') })
}

function addFailure(args: readonly string[], result: GitResult): AgolaError {
  const cause = gitFailure(args, result)
  if (/No space left on device|Disk quota exceeded/.test(result.stderr)) {
    return new AgolaError('diskFull', `There is no room for the snapshot: ${cause.message}`, { cause })
  }
  const denied = /open\("(.+?)"\): Permission denied/.exec(result.stderr)?.[1]
  const lfs = /filter 'lfs' failed|git-lfs/.test(result.stderr) ? '. Install git-lfs, which this repository needs.' : ''
  const hint = denied === undefined ? lfs : ` Make ${denied} readable, or add it to .gitignore.`
  return new AgolaError('snapshotFailed', `The work tree could not be saved: ${cause.message}${hint}`, { cause })
}

function hash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}
