import { AgolaError } from '../../model/errors.ts'
import type { IndexedEntry } from './archive-index.ts'
import { cleanEntryName, parentsOf } from './entry-name.ts'

/** Linux takes no longer paths and names. */
const pathBytesMax = 4096
const componentBytesMax = 255

/** An entry under the name that it gets below the destination. */
export interface CheckedEntry extends IndexedEntry {
  type: 'file' | 'directory' | 'symlink'
}

/** Refuses archives whose extraction could change anything outside `destination`, or fill one name twice. Whoever made the archive is
 *  not trusted: caches are shared, and other tasks may have been attacked. `archiveInvalid` names the entry and the reason. */
export function checkEntries(entries: readonly IndexedEntry[], destination: string): CheckedEntry[] {
  const checked: CheckedEntry[] = []
  const names = new Map<string, CheckedEntry['type']>()
  for (const entry of entries) {
    const name = checkName(entry.name)
    // The destination itself.
    if (name === '' && entry.type === 'directory') continue
    if (name === '') throw refused(entry.name, 'it has no name')
    const type = checkType(entry)
    const known = names.get(name)
    if (known !== undefined && !(known === 'directory' && type === 'directory'))
      throw refused(name, 'it is there twice')
    names.set(name, type)
    if (type === 'symlink') checkLink(name, entry.linkName, destination)
    checked.push({ ...entry, name, type, isPlain: entry.isPlain && name === entry.name })
  }
  checkParents(checked, names)
  return checked
}

function checkName(raw: string): string {
  if (raw.startsWith('/')) throw refused(raw, 'its name is absolute')
  if (raw.split('/').includes('..')) throw refused(raw, 'its name has ".."')
  if (raw.includes('\0')) throw refused(raw, 'its name has a zero byte')
  const name = cleanEntryName(raw)
  if (Buffer.byteLength(name) > pathBytesMax) throw refused(`${raw.slice(0, 100)}…`, 'its name is too long')
  const isTooLong = (component: string) => component.length > 63 && Buffer.byteLength(component) > componentBytesMax
  if (name.split('/').some(isTooLong)) throw refused(`${raw.slice(0, 100)}…`, 'a part of its name is too long')
  return name
}

function checkType(entry: IndexedEntry): CheckedEntry['type'] {
  if (entry.type === 'file' || entry.type === 'directory' || entry.type === 'symlink') return entry.type
  throw refused(entry.name, entry.type === 'hardlink' ? 'it is a hard link' : `it is a ${entry.type}`)
}

/** Whether a restore into `destination` refuses the link `name` of an archive. It may point at anything within the destination, existing
 *  or not. `..` counts only at its start: behind a name it would depend on what that name links to. */
export function linkLeadsOut(name: string, target: string, destination: string): boolean {
  if (target.startsWith('/')) {
    const root = destination.endsWith('/') ? destination : `${destination}/`
    const isInside = target === destination || target.startsWith(root)
    return !isInside || target.split('/').includes('..')
  }
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const ups = parts.findIndex((part) => part !== '..')
  const leading = ups === -1 ? parts.length : ups
  return leading > parentsOf(name).length || parts.slice(leading).includes('..')
}

function checkLink(name: string, target: string, destination: string): void {
  if (target === '') throw refused(name, 'it is a link to nothing')
  if (linkLeadsOut(name, target, destination)) {
    throw refused(name, `it is a link to "${target}", outside the destination`)
  }
}

/** Nothing lies below a file or a link of the same archive; where letters differ in case only, below a link neither: some file systems
 *  would take them for the same. */
function checkParents(entries: readonly CheckedEntry[], names: ReadonlyMap<string, CheckedEntry['type']>): void {
  const links = new Set<string>()
  for (const [name, type] of names) if (type === 'symlink') links.add(folded(name))
  const sound = new Set<string>()
  for (const { name } of entries) {
    for (const parent of parentsOf(name).reverse()) {
      if (sound.has(parent)) break
      const type = names.get(parent)
      if (type === 'file') throw refused(name, `"${parent}" is a file of the same archive`)
      if (type === 'symlink' || (links.size > 0 && links.has(folded(parent)))) {
        throw refused(name, `"${parent}" is a link of the same archive`)
      }
      sound.add(parent)
    }
    if (links.size > 0 && names.get(name) !== 'symlink' && links.has(folded(name))) {
      throw refused(name, 'a link of the same archive has its name in other letters')
    }
  }
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function refused(name: string, reason: string): AgolaError {
  return new AgolaError('archiveInvalid', `the archive was refused because of its entry "${name}": ${reason}`, {
    details: { entry: name },
  })
}
