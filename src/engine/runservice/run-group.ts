import { AgolaError } from '../model/errors.ts'

const groupBytesMax = 1024
const rootBytesMax = 128

/** The id within which runs are numbered and by which caches are shared: the second element of the group, as in
 *  `/project/<id>/branch/master` (spec/runconfig.md 4). `invalidRunGroup` unless the group is absolute and has two elements. */
export function rootOf(group: string): string {
  const [before, kind, root] = group.split('/')
  if (before !== '' || !kind || !root) {
    throw invalid(group, 'it has to be an absolute path of at least two elements, like /user/<id>/branch/<name>')
  }
  if (Buffer.byteLength(group) > groupBytesMax || Buffer.byteLength(root) > rootBytesMax) {
    throw invalid(group.slice(0, 80), `it may have ${groupBytesMax} bytes, its second element ${rootBytesMax}`)
  }
  return root
}

/** What all groups of the same root are below. */
export function rootGroupOf(group: string): string {
  return group.split('/').slice(0, 3).join('/')
}

/** Whether a run of `group` belongs to `wanted` or below it; `/…/feature` does not hold `/…/feature02`. */
export function isInGroup(group: string, wanted: string): boolean {
  const prefix = wanted.endsWith('/') ? wanted.slice(0, -1) : wanted
  return group === prefix || group.startsWith(`${prefix}/`)
}

function invalid(group: string, reason: string): AgolaError {
  return new AgolaError('invalidRunGroup', `run group ${JSON.stringify(group)} is not valid: ${reason}`)
}
