import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { isRunFinished } from '../../model/run.ts'
import type { RunList, RunQuery, RunSummary } from '../../ports/run-service.ts'
import { pathOf, placeOf, rootOf } from './group-columns.ts'

/** The runs of a query, out of as few as the indexes allow. */
export function listRuns(db: DatabaseSync, query: RunQuery): RunList {
  const found = new Map<string, { sequence: number; summary: string }>()
  for (const group of query.groups ?? [undefined]) {
    for (const isActive of partsOf(query)) {
      const { text, values } = selectOf(query, group, isActive)
      for (const { id, sequence, summary } of db.prepare(text).all(...values))
        found.set(String(id), { sequence: Number(sequence), summary: String(summary) })
    }
  }
  const direction = query.ascending === true ? 1 : -1
  const sorted = [...found.values()].sort((a, b) => direction * (a.sequence - b.sequence))
  const limit = query.limit ?? sorted.length
  const runs = sorted.slice(0, limit).map(({ summary }) => JSON.parse(summary) as RunSummary)
  return { runs, more: sorted.length > limit }
}

/** Only runs that are over are in the archive. */
function partsOf({ phases }: RunQuery): boolean[] {
  return phases?.every((phase) => !isRunFinished(phase)) === true ? [true] : [true, false]
}

interface Select {
  text: string
  values: SQLInputValue[]
}

/** One run more than asked for, when there is one. */
function selectOf(query: RunQuery, group: string | undefined, isActive: boolean): Select {
  const conditions = ['is_active = ?']
  const values: SQLInputValue[] = [isActive ? 1 : 0]
  const where = (condition: string, ...given: SQLInputValue[]) => {
    conditions.push(condition)
    values.push(...given)
  }
  if (group !== undefined) {
    const [root, place, path] = [rootOf(group), placeOf(group), pathOf(group)]
    if (place !== null) where('place = ?', place)
    else if (root !== null) where('root = ?', root)
    // The character behind the slash ends what is below the group.
    where('path >= ? AND path < ?', path, `${path.slice(0, -1)}0`)
    if (query.ref !== undefined && place !== null) where('root = ?', root)
  }
  if (query.ref !== undefined) where('ref = ?', query.ref)
  if (query.phases !== undefined) where(`phase IN (${marks(query.phases)})`, ...query.phases)
  if (query.results !== undefined) where(`result IN (${marks(query.results)})`, ...query.results)
  if (query.after !== undefined) where(`sequence ${query.ascending === true ? '>' : '<'} ?`, query.after)
  if (!isActive) where('id NOT IN (SELECT id FROM run WHERE is_active = 1)')
  const order = query.ascending === true ? 'ASC' : 'DESC'
  const limit = query.limit === undefined ? -1 : query.limit + 1
  const text = `SELECT id, sequence, summary FROM run WHERE ${conditions.join(' AND ')} ORDER BY sequence ${order} LIMIT ?`
  return { text, values: [...values, limit] }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
