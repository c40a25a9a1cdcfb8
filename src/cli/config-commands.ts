import type { LoadedConfig } from '../engine/config/loaded-config.ts'
import type { SourceContext } from '../engine/config/source-context.ts'
import { AgolaError, hasCode } from '../engine/model/errors.ts'
import {
  compilePreview,
  contextIn,
  noSurroundings,
  readConfig,
  type Surroundings,
  surroundingsOf,
} from '../engine/read-config.ts'
import { exitCodes } from './exit-code.ts'
import { type RefFlags, refOptions } from './flags.ts'
import { whyNoRun } from './why-no-run.ts'
import { findWorkTree, nearestWithConfig, type WorkTree, workTreeAround } from './work-tree.ts'

export interface ConfigRequest {
  directory: string
  path: string | undefined
  ref: RefFlags
  strict: boolean
}

/** The config that `directrun start` would read, outside of a repository that of the nearest directory upwards that has one, or of `path`,
 *  with all its problems. */
export async function loadWorkTreeConfig({
  directory,
  path,
  ref,
  strict,
}: ConfigRequest): Promise<LoadedConfig & { context: SourceContext }> {
  const named = path === undefined ? null : await findWorkTree(directory, path)
  const surroundings = await lookAround(named?.tree.directory ?? directory)
  const tree = named?.tree ?? (await workTreeAround(directory, surroundings.topDirectory))
  const context = await contextIn(surroundings, refOptions(ref))
  const loaded = await readConfig(tree, { context, file: named?.file, strict }).catch(async (error: unknown) => {
    throw (named === null && hasCode(error, 'configNotFound') ? await misplaced(directory, tree) : null) ?? error
  })
  return Object.assign(loaded, { context })
}

/** Says where a config lies that no run would read. */
async function misplaced(from: string, tree: WorkTree): Promise<AgolaError | null> {
  const directory = await nearestWithConfig(from)
  if (directory === null || directory === tree.directory) return null
  return new AgolaError(
    'configNotFound',
    `no config in ${tree.directory}, the root of the repository, where runs read it. There is a ${directory}/.agola: move it there, or give its path`,
  )
}

/** A config can be looked at without git. */
async function lookAround(directory: string): Promise<Surroundings> {
  return await surroundingsOf(directory, process.env).catch((error: unknown) => {
    if (hasCode(error, 'gitFailed')) return noSurroundings
    throw error
  })
}

interface Printers {
  stdout: (text: string) => void
  stderr: (text: string) => void
}

/** Prints every problem and gives the exit code. */
export async function validateConfig(
  request: ConfigRequest,
  output: 'text' | 'json',
  { stdout, stderr }: Printers,
): Promise<number> {
  const loaded = await loadWorkTreeConfig(request)
  const valid = loaded.config !== null
  if (output === 'json') {
    stdout(
      `${JSON.stringify({
        file: loaded.file,
        valid,
        problems: loaded.problems,
        more_problems: loaded.moreProblems,
        more_errors: loaded.moreErrors,
      })}\n`,
    )
  } else {
    const { formatProblems } = await import('../engine/config/format-problems.ts')
    if (loaded.problems.length > 0) stderr(`${formatProblems(loaded)}\n\n`)
    if (valid) stdout(`${loaded.file} is valid: ${describeRuns(loaded)}\n`)
    else stderr(`${loaded.file} is not valid: ${describeErrors(loaded)}\n`)
  }
  return valid ? exitCodes.success : exitCodes.config
}

/** The evaluated document as it was read. Problems go to stderr and do not keep it from being shown. */
export async function renderConfig(
  request: ConfigRequest,
  format: 'json' | 'yaml',
  { stdout, stderr }: Printers,
): Promise<number> {
  const loaded = await loadWorkTreeConfig(request)
  const { value } = loaded
  if (value !== undefined) {
    const { writeJson, writeYaml } = await import('../engine/config/write-document.ts')
    stdout(format === 'json' ? writeJson(value) : await writeYaml(value))
  }
  if (loaded.problems.length > 0) {
    const { formatProblems } = await import('../engine/config/format-problems.ts')
    stderr(`${formatProblems(loaded)}\n`)
  }
  return loaded.config === null ? exitCodes.config : exitCodes.success
}

/** Prints a picture of the tasks that would run for a ref and gives the exit code; warnings go to stderr. `configInvalid` with all problems. */
export async function graphConfig(
  request: ConfigRequest,
  format: 'text' | 'dot' | 'mermaid',
  { stdout, stderr }: Printers,
): Promise<number> {
  const { requireConfig } = await import('../engine/config/load.ts')
  const loaded = await loadWorkTreeConfig(request)
  const { runs, skipped } = await compilePreview(await requireConfig(loaded), loaded.context)
  if (loaded.problems.length > 0) {
    const { formatProblems } = await import('../engine/config/format-problems.ts')
    stderr(`${formatProblems(loaded)}\n`)
  }
  if (runs.length === 0) {
    stderr(`no run matches ${loaded.context.ref}: ${whyNoRun(skipped)}. --branch, --tag and --ref draw another ref.\n`)
    return exitCodes.nothingToRun
  }
  const { drawGraph } = await import('../views/config-graph.ts')
  stdout(`${drawGraph(runs, format)}\n`)
  return exitCodes.success
}

/** The JSON Schema of the config. */
export async function schemaText(): Promise<string> {
  const { configSchema } = await import('../engine/config/schema.ts')
  return `${JSON.stringify(configSchema(), null, 2)}\n`
}

function describeRuns({ config }: LoadedConfig): string {
  const runs = config?.runs ?? []
  const tasks = runs.reduce((sum, run) => sum + run.tasks.length, 0)
  return `${plural(runs.length, 'run')}, ${plural(tasks, 'task')}`
}

function describeErrors({ problems, moreErrors }: LoadedConfig): string {
  return plural(problems.filter(({ severity }) => severity === 'error').length + moreErrors, 'error')
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
