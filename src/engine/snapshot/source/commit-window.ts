import { AgolaError } from '../../model/errors.ts'
import type { ObjectReader } from '../object-reader.ts'

/** Commits of a history of limited depth. */
export interface CommitWindow {
  commits: Set<string>
  /** Those whose parents lie outside. */
  boundary: string[]
}

/** The commits at most `depth` − 1 steps away, as `git clone --depth` counts. `shallow` are commits whose parents the
 *  repository itself does not have. */
export async function readCommitWindow(
  objects: ObjectReader,
  commit: string,
  depth: number,
  shallow: ReadonlySet<string>,
): Promise<CommitWindow> {
  const commits = new Set<string>()
  const boundary: string[] = []
  let generation = [commit]
  for (let distance = 1; generation.length > 0; distance += 1) {
    for (const id of generation) commits.add(id)
    const parents = await Promise.all(generation.map((id) => readParents(objects, id)))
    const next = new Set<string>()
    for (const [index, id] of generation.entries()) {
      const own = parents[index] ?? []
      if (own.length > 0 && (distance === depth || shallow.has(id))) boundary.push(id)
      else for (const parent of own) if (!commits.has(parent)) next.add(parent)
    }
    generation = [...next]
  }
  return { commits, boundary }
}

async function readParents(objects: ObjectReader, commit: string): Promise<string[]> {
  const found = await objects.readObject(commit)
  if (found?.type !== 'commit') throw new AgolaError('gitFailed', `The commit ${commit} is missing in the repository.`)
  const text = found.content.toString('latin1')
  const header = text.slice(0, text.indexOf('\n\n'))
  return [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? '')
}
