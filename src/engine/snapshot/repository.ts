import { readFile, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import { type Git, type GitResult, gitFailure } from './git.ts'

/** A work tree as git sees it, read before anything else happens. */
export interface Repository {
  /** Absolute, of the work tree that holds the directory. */
  topDirectory: string
  /** Of this work tree: `.git`, or `.git/worktrees/<name>` of a linked one. */
  gitDirectory: string
  /** Shared by all linked work trees, links resolved. */
  commonDirectory: string
  /** null: no commit yet. */
  headCommit: string | null
  headTree: string | null
  /** null: detached HEAD. */
  branch: string | null
  /** Last value of each key over all config files, keys in lower case as git prints them. */
  config: ReadonlyMap<string, string>
  /** First value of each key in the repository's own file: what stays when processes add at the same time. */
  localConfig: ReadonlyMap<string, string>
}

const placeCommand = [
  'rev-parse',
  ...['--show-toplevel', '--absolute-git-dir', '--git-common-dir', 'HEAD', 'HEAD^{tree}', '--'],
]
const configCommand = ['config', '--list', '--show-scope', '-z']

/** Throws `notAGitRepository` with the way out, or `gitFailed`. */
export async function openRepository(git: Git, directory: string, options: CallOptions = {}): Promise<Repository> {
  await checkDirectory(directory)
  const both = await git.tryAll([placeCommand, configCommand], { cwd: directory, ...options })
  const [top = '', gitDirectory = '', common = '', headCommit = '', headTree = '', end, ...config] =
    both?.toString().split('\n') ?? []
  if (end !== '--') return await openUnusual(git, directory, options)
  return await describe(git, directory, { top, gitDirectory, common, headCommit, headTree }, config.join('\n'), options)
}

interface Place {
  top: string
  gitDirectory: string
  common: string
  headCommit: string | null
  headTree: string | null
}

/** One without a commit, or something to be told about. */
async function openUnusual(git: Git, directory: string, options: CallOptions): Promise<Repository> {
  const args = placeCommand
  const [place, config] = await Promise.all([
    git.try(args, { cwd: directory, ...options }),
    git.try(configCommand, { cwd: directory, ...options }),
  ])
  const [top, gitDirectory, common, headCommit, headTree] = place.stdout.toString().split('\n')
  const unborn = place.exitCode !== 0
  if (!top || !gitDirectory || !common || config.exitCode !== 0 || (unborn && !isUnborn(place))) {
    // An old git fails here, because it does not know all options; then that is what to tell.
    await git.checkVersion(options)
    if (!top || !gitDirectory || !common) throw placeFailure(directory, args, place)
    throw config.exitCode !== 0 ? gitFailure(['config'], config) : gitFailure(args, place)
  }
  const head = { headCommit: unborn ? null : (headCommit ?? null), headTree: unborn ? null : (headTree ?? null) }
  return await describe(git, directory, { top, gitDirectory, common, ...head }, config.stdout.toString(), options)
}

async function describe(
  git: Git,
  directory: string,
  { top, gitDirectory, common, headCommit, headTree }: Place,
  config: string,
  options: CallOptions,
): Promise<Repository> {
  return {
    topDirectory: top,
    gitDirectory,
    commonDirectory: await realpath(resolve(directory, common)),
    headCommit,
    headTree,
    branch: await currentBranch(git, gitDirectory, options),
    ...parseConfig(config),
  }
}

function isUnborn(place: GitResult): boolean {
  return /bad revision|unknown revision|ambiguous argument/.test(place.stderr)
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null)
  if (found?.isDirectory()) return
  throw new AgolaError('notAGitRepository', `${directory} is not a directory.`)
}

async function currentBranch(git: Git, gitDirectory: string, options: CallOptions): Promise<string | null> {
  let head = (await readFile(join(gitDirectory, 'HEAD'), 'utf8')).trim()
  // A repository that keeps its refs in tables has this stand-in in the file.
  if (head === 'ref: refs/heads/.invalid') {
    head = `ref: ${(await git.try(['symbolic-ref', '-q', 'HEAD'], { cwd: gitDirectory, ...options })).stdout}`.trim()
  }
  return /^ref:\s*refs\/heads\/(.+)$/.exec(head)?.[1] ?? null
}

function parseConfig(text: string): Pick<Repository, 'config' | 'localConfig'> {
  const config = new Map<string, string>()
  const localConfig = new Map<string, string>()
  const fields = text.split('\0')
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const entry = fields[index + 1] ?? ''
    const end = entry.indexOf('\n')
    const key = end < 0 ? entry : entry.slice(0, end)
    const value = end < 0 ? 'true' : entry.slice(end + 1)
    config.set(key, value)
    if (fields[index] === 'local' && !localConfig.has(key)) localConfig.set(key, value)
  }
  return { config, localConfig }
}

function placeFailure(directory: string, args: readonly string[], result: GitResult): AgolaError {
  if (/dubious ownership/.test(result.stderr)) {
    return new AgolaError(
      'gitFailed',
      `git refuses to work in ${directory}, because it belongs to another user. If you trust it: git config --global --add safe.directory ${directory}`,
    )
  }
  if (/must be run in a work tree/.test(result.stderr)) {
    const message = `${directory} lies in a bare repository or inside a .git directory. Go to a work tree of it.`
    return new AgolaError('notAGitRepository', message)
  }
  if (/not a git repository/.test(result.stderr)) {
    const message = `${directory} is not inside a git repository. Go to one, make one here with git init, or run the directory as it is: agola directrun start --no-git`
    return new AgolaError('notAGitRepository', message)
  }
  return gitFailure(args, result)
}
