import { isAbsolute, sep } from 'node:path'

/** Whether a path, relative to a directory, is not inside of it. A name that begins with two dots is one like any other. */
export function leadsOut(relativePath: string): boolean {
  return relativePath === '..' || relativePath.startsWith(`..${sep}`) || isAbsolute(relativePath)
}
