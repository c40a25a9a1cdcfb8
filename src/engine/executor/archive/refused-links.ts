import { posix } from 'node:path'
import type { ArchiveContent } from '../../model/run-config.ts'
import { resolveIn } from '../container-path.ts'
import { linkLeadsOut } from './check-entries.ts'
import { entryNameIn } from './entry-name.ts'

/** Where the archive of a content will be restored, as far as it is known when it is saved: null when any place can be it. */
export type RestorePlace = (content: ArchiveContent) => string | null

export interface RefusedLink {
  /** Below the source directory. */
  path: string
  target: string
}

const namedMax = 5

/** A workspace goes wherever its tasks say, also to the root: only what is refused everywhere counts. */
export const anyRestorePlace: RestorePlace = () => '/'

/** Where files of a cache come back to the path that they were saved from: the source directory without the end that is `dest_dir`.
 *  A directory that depends on the home of somebody, as the working directory often does, is another one in another run. */
export function originalPlace(workingDir: string): RestorePlace {
  return ({ sourceDir, destDir }) => {
    const source = sourceDir.startsWith('~') ? sourceDir : posix.normalize(resolveIn(workingDir, sourceDir))
    if (!source.startsWith('/')) return null
    const [saved, end] = [entryNameIn('', source.slice(1)), entryNameIn(destDir, '')]
    if (end === '') return `/${saved}`
    return `/${saved}`.endsWith(`/${end}`) ? `/${saved.slice(0, -end.length).replace(/\/$/, '')}` : null
  }
}

/** Whether the restore would refuse the link `name` of an archive. */
export function isRefusedLink(name: string, target: string, place: string | null): boolean {
  return (place === null && target.startsWith('/')) || linkLeadsOut(name, target, place ?? '/')
}

/** For people: which links, and what to do. */
export function refusedLinksText(links: readonly RefusedLink[]): string {
  const named = links.slice(0, namedMax).map(({ path, target }) => `${path} (leads to ${target})`)
  const more = links.length > namedMax ? [`${links.length - namedMax} more`] : []
  const [which, it] = links.length === 1 ? ['the link', 'it'] : ['the links', 'them']
  return (
    `a restore would refuse ${which} ${[...named, ...more].join(', ')}, out of the directory into which it restores: ` +
    `write paths that do not match ${it}, or make ${it} relative, to something that is saved too`
  )
}
