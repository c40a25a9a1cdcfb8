import { compileRuns } from './compile/compile.ts'
import type { CompiledRuns } from './compile/compiled-run.ts'
import type { Config } from './config/config.ts'
import { loadConfig } from './config/load.ts'
import type { ConfigTree, LoadedConfig } from './config/loaded-config.ts'
import type { SourceContext } from './config/source-context.ts'
import { hasCode } from './model/errors.ts'
import { localDirectoriesOf } from './open-local.ts'
import { findRepository } from './snapshot/find-repository.ts'
import { chooseRef, type RefFacts, type RefOptions } from './snapshot/ref-facts.ts'

export interface ReadConfigOptions {
  context: SourceContext
  /** The config to read, `.agola/config.yml`; the first of them unless told. */
  file?: string | undefined
  /** Unknown keys are errors. */
  strict: boolean
  signal?: AbortSignal | undefined
}

/** The config of a tree, Jsonnet evaluated in a worker of its own that ends with the call. */
export async function readConfig(
  tree: ConfigTree,
  { context, file, strict, signal }: ReadConfigOptions,
): Promise<LoadedConfig> {
  const pools: { close(): Promise<void> }[] = []
  const jsonnet = async () => {
    const { JsonnetPool } = await import('../jsonnet/pool.ts')
    const pool = new JsonnetPool()
    pools.push(pool)
    return pool
  }
  try {
    const options = { ...(file === undefined ? {} : { file }), ...(signal === undefined ? {} : { signal }) }
    return await loadConfig(tree, { context, strict, jsonnet, ...options })
  } finally {
    await Promise.all(pools.map((pool) => pool.close()))
  }
}

/** Where a directory belongs to. */
export interface Surroundings {
  /** Root of the git repository around it, where `directrun start` reads the config; null: there is none. */
  topDirectory: string | null
  branch: string | null
  headCommit: string | null
}

/** `gitFailed` when git cannot tell. */
export async function surroundingsOf(directory: string, environment: NodeJS.ProcessEnv): Promise<Surroundings> {
  const { state: stateDirectory } = localDirectoriesOf(directory, environment)
  try {
    const { repository, isPlain } = await findRepository(directory, { environment, stateDirectory })
    const { topDirectory, branch, headCommit } = repository
    return { topDirectory: isPlain ? null : topDirectory, branch, headCommit }
  } catch (error) {
    if (hasCode(error, 'notAGitRepository')) return noSurroundings
    throw error
  }
}

export const noSurroundings: Surroundings = { topDirectory: null, branch: null, headCommit: null }

/** What a config is evaluated for outside a run: the ref of the flags, else the current branch; the commit is HEAD's where there is one. */
export async function contextIn(
  { branch, headCommit }: Pick<Surroundings, 'branch' | 'headCommit'>,
  ref: RefOptions,
): Promise<SourceContext> {
  return toSourceContext(await chooseRef(ref, branch), headCommit ?? '')
}

export function toSourceContext({ type, ...ref }: RefFacts, commitSha: string): SourceContext {
  return { refType: type, ...ref, commitSha }
}

/** The runs of a config for a ref, as pictures need them: without variables and without an origin. */
export async function compilePreview(config: Config, source: SourceContext): Promise<CompiledRuns> {
  const origin = { group: '', cacheGroup: '', annotations: {}, staticEnvironment: {} }
  let count = 0
  const newTaskId = () => `task-${count++}`
  return await compileRuns({ config, source, message: '', origin, variables: new Map(), newTaskId })
}

export type { RefOptions }
