import type { ConfigTree } from './loaded-config.ts'

const linksMax = 40

/** A path that cannot be read: it leads out of the repository, or nowhere. */
export class TreePathError extends Error {}

/** The path from a file's directory to what an import names, inside the tree; the import must be relative. */
export function resolveImport(importedFrom: string, path: string): string {
  if (path === '') throw new TreePathError('the path is empty')
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\\')) {
    throw new TreePathError('imports are relative to the importing file, with / between names')
  }
  return join(importedFrom.split('/').slice(0, -1), path)
}

/** Reads a file, following links inside the tree. null when there is none; throws a TreePathError when a link leads out. */
export async function readTreeFile(
  tree: ConfigTree,
  path: string,
): Promise<{ path: string; bytes: Uint8Array } | null> {
  const real = await followLinks(tree, path)
  const bytes = await tree.readFile(real)
  return bytes === null ? null : { path: real, bytes }
}

/** Why a path that is listed is no file, as when it is a link that leads nowhere; null when nothing stands there. */
export async function whyNoFile(tree: ConfigTree, path: string): Promise<string | null> {
  if (!(await isListed(tree, path))) return null
  const real = await followLinks(tree, path)
  const isThere = await isListed(tree, real)
  if (!isThere) return `it leads to ${real}, which does not exist`
  const content = (await tree.listFiles?.(real)) ?? []
  const kind = content.length > 0 ? 'a directory' : 'no regular file'
  return real === path ? `it is ${kind}` : `it leads to ${real}, which is ${kind}`
}

async function isListed(tree: ConfigTree, path: string): Promise<boolean> {
  const names = path.split('/')
  const name = names.pop() ?? ''
  return ((await tree.listFiles?.(names.join('/'))) ?? []).includes(name)
}

// A link may stand anywhere on the way, so every prefix is asked.
async function followLinks(tree: ConfigTree, path: string): Promise<string> {
  if (tree.readLink === undefined) return path
  let done: string[] = []
  let rest = path.split('/')
  let links = 0
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const at = [...done, name].join('/')
    const target = await tree.readLink(at)
    if (target === null) {
      done.push(name)
      continue
    }
    if (++links > linksMax) throw new TreePathError(`${path} leads through too many links`)
    if (target.startsWith('/')) throw new TreePathError(`${at} is a link out of the repository`)
    rest = [...join(done, target).split('/'), ...rest]
    done = []
  }
  return done.join('/')
}

function join(directory: readonly string[], path: string): string {
  const parts = [...directory]
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') parts.push(name)
    else if (parts.pop() === undefined) throw new TreePathError(`${path} leads out of the repository`)
  }
  if (parts.length === 0) throw new TreePathError(`${path} is no file`)
  return parts.join('/')
}
