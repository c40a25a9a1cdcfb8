import { AgolaError } from '../model/errors.ts'
import type { ConfigTree } from './loaded-config.ts'
import { readTreeFile, TreePathError } from './tree-path.ts'

const directory = '.agola'
/** The first that exists is the config. */
export const configNames = ['config.jsonnet', 'config.json', 'config.yml'] as const

export interface FoundConfig {
  /** Path from the root of the tree; links are named by where they stand. */
  file: string
  bytes: Uint8Array
}

/** `configNotFound` when there is none: the message tells what is there and what to do. */
export async function findConfig(tree: ConfigTree): Promise<FoundConfig> {
  for (const name of configNames) {
    const file = `${directory}/${name}`
    const found = await readConfig(tree, file)
    if (found !== null) return { file, bytes: found }
  }
  throw new AgolaError('configNotFound', await messageFor(tree), {
    details: { tried: configNames.map((name) => `${directory}/${name}`) },
  })
}

async function readConfig(tree: ConfigTree, file: string): Promise<Uint8Array | null> {
  try {
    return (await readTreeFile(tree, file))?.bytes ?? null
  } catch (error) {
    if (!(error instanceof TreePathError)) throw error
    throw new AgolaError('configNotFound', `${file} cannot be read: ${error.message}`, { cause: error })
  }
}

async function messageFor(tree: ConfigTree): Promise<string> {
  const wanted = configNames.map((name) => `${directory}/${name}`).join(', ')
  const there = (await tree.listFiles?.(directory)) ?? []
  const others = await existing(tree, there)
  if (others.includes('config.star')) {
    return `${directory}/config.star is written in Starlark, which is not supported. Write one of: ${wanted}`
  }
  if (others.includes('config.yaml'))
    return `${directory}/config.yaml is not read. Rename it to ${directory}/config.yml`
  if (others.length > 0) return `no config in ${directory}. Looked for: ${wanted}. Found: ${others.join(', ')}`
  return `no config. Looked for: ${wanted}. "agola init" writes a first one`
}

/** Names in the directory; where it cannot be listed, the usual wrong names are tried. */
async function existing(tree: ConfigTree, listed: readonly string[]): Promise<string[]> {
  if (tree.listFiles !== undefined) return [...listed].sort()
  const found: string[] = []
  for (const name of ['config.star', 'config.yaml']) {
    if ((await tree.readFile(`${directory}/${name}`)) !== null) found.push(name)
  }
  return found
}
