import { AgolaError } from '../model/errors.ts'
import type { ConfigTree } from './loaded-config.ts'
import { readTreeFile, TreePathError, whyNoFile } from './tree-path.ts'

const directory = '.agola'
/** The first that exists is the config. */
export const configNames = ['config.jsonnet', 'config.json', 'config.yml'] as const
/** The same as paths of a tree. */
export const configFiles: readonly string[] = configNames.map((name) => `${directory}/${name}`)
const listed = configFiles.join(', ')
/** What other tools, or the reference, would read. */
const otherNames = ['config.star', 'config.yaml'] as const

export interface FoundConfig {
  /** Path from the root of the tree; links are named by where they stand. */
  file: string
  bytes: Uint8Array
}

/** `configNotFound` when there is none: the message tells what is there and what to do. */
export async function findConfig(tree: ConfigTree): Promise<FoundConfig> {
  for (const file of configFiles) {
    const bytes = await readConfig(tree, file)
    if (bytes !== null) return { file, bytes }
  }
  throw notFound(await messageFor(tree))
}

/** The config of that name, whatever lies beside it. `configNotFound` when it is none. */
export async function findNamedConfig(tree: ConfigTree, file: string): Promise<FoundConfig> {
  if (!configFiles.includes(file)) throw notFound(unsupported(file) ?? `${file} is no config; a config is ${listed}`)
  const bytes = await readConfig(tree, file)
  if (bytes === null) throw notFound(`${file} does not exist`)
  return { file, bytes }
}

/** The config that runs read instead of that one; null: there is none before it. */
export async function configBefore(tree: ConfigTree, file: string): Promise<string | null> {
  for (const before of configFiles.slice(0, configFiles.indexOf(file))) {
    const isThere = await readConfig(tree, before).then(
      (bytes) => bytes !== null,
      () => true,
    )
    if (isThere) return before
  }
  return null
}

function notFound(message: string): AgolaError {
  return new AgolaError('configNotFound', message, { details: { tried: configFiles } })
}

/** null: there is nothing of that name. What is there and cannot be read is an error, so that no other config is taken instead. */
async function readConfig(tree: ConfigTree, file: string): Promise<Uint8Array | null> {
  try {
    const found = await readTreeFile(tree, file)
    if (found !== null) return found.bytes
    const reason = await whyNoFile(tree, file)
    if (reason === null) return null
    throw new TreePathError(reason)
  } catch (error) {
    if (!(error instanceof TreePathError)) throw error
    throw new AgolaError('configNotFound', `${file} cannot be read: ${error.message}`, { cause: error })
  }
}

async function messageFor(tree: ConfigTree): Promise<string> {
  const there = (await tree.listFiles?.(directory)) ?? []
  const others = await existing(tree, there)
  const wrongName = otherNames.find((name) => others.includes(name))
  const wrong = wrongName === undefined ? null : unsupported(`${directory}/${wrongName}`)
  if (wrong !== null) return wrong
  if (others.length > 0) return `no config in ${directory}. Looked for: ${listed}. Found: ${others.join(', ')}`
  return `no config. Looked for: ${listed}. "agola init" writes a first one`
}

/** What to do about a config in a format or under a name that is not read; null for every other file. */
function unsupported(file: string): string | null {
  if (file === `${directory}/config.star`)
    return `${file} is written in Starlark, which is not supported. Write one of: ${listed}`
  if (file === `${directory}/config.yaml`)
    return `${file} is not read, only these are: ${listed}. Rename it to ${directory}/config.yml`
  return null
}

/** Names in the directory; where it cannot be listed, the usual wrong names are tried. */
async function existing(tree: ConfigTree, listed: readonly string[]): Promise<string[]> {
  if (tree.listFiles !== undefined) return [...listed].sort()
  const found: string[] = []
  for (const name of otherNames) {
    if ((await tree.readFile(`${directory}/${name}`)) !== null) found.push(name)
  }
  return found
}
