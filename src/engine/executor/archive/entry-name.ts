import { posix } from 'node:path'

/** Names of our archives: relative, without `.`, `..` and empty components. */
export function cleanEntryName(name: string): string {
  const clean = posix.normalize(name).replace(/\/+$/, '')
  return clean === '.' ? '' : clean.replace(/^\.\//, '')
}

/** `destDir` joined with a path below it; leading `/` are no part of a name. May begin with `..`, which no archive may have. */
export function entryNameIn(destDir: string, path: string): string {
  return cleanEntryName(posix.join(destDir.replace(/^\/+/, ''), path))
}

/** All directories above a name, the outermost first. */
export function parentsOf(name: string): string[] {
  const parents: string[] = []
  for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1))
    parents.push(name.slice(0, slash))
  return parents
}
