import { cleanName } from './clean-text.ts'
import { formatDuration } from './format-duration.ts'
import { formatSize } from './format-size.ts'
import { timeText } from './run-list.ts'
import { padEnd, padStart, textWidth } from './text-width.ts'

export interface ListedCache {
  name: string
  key: string
  repoUuid: string
  workTree: string | null
  sizeBytes: number
  savedAt: number
  usedAt: number | null
}

/** One line a cache: size, age, last use, name; below a line for each repository when `all` are shown. */
export function cacheListText(caches: readonly ListedCache[], { now, all }: { now: number; all: boolean }): string {
  if (caches.length === 0) return 'no caches\n'
  const rows = caches.map((cache) => ({
    repository: cache.workTree ?? cache.repoUuid,
    cells: [formatSize(cache.sizeBytes), `saved ${age(cache.savedAt, now)}`, use(cache, now)],
    name: cleanName(cache.name),
  }))
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map(({ cells }) => textWidth(cells[column] ?? ''))))
  const lineOf = ({ cells: [size = '', saved = '', used = ''], name }: (typeof rows)[number]) =>
    `${padStart(size, widths[0] ?? 0)}  ${padEnd(saved, widths[1] ?? 0)}  ${padEnd(used, widths[2] ?? 0)}  ${name}`
  const total = formatSize(caches.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  const groups = Map.groupBy(rows, ({ repository }) => repository)
  const lines = [...groups].flatMap(([repository, group]) => [
    ...(all ? [repository === '' ? 'of no repository:' : `${cleanName(repository)}:`] : []),
    ...group.map((row) => `${all ? '  ' : ''}${lineOf(row)}`),
  ])
  return [...lines, `${caches.length} ${caches.length === 1 ? 'cache' : 'caches'}, ${total}`]
    .map((line) => `${line}\n`)
    .join('')
}

export function cacheListJson(caches: readonly ListedCache[]): string {
  const list = caches.map(({ name, key, repoUuid, workTree, sizeBytes, savedAt, usedAt }) => ({
    ...{ name, key, repo_uuid: repoUuid, work_tree: workTree, size_bytes: sizeBytes },
    ...{ saved_at: timeText(savedAt), used_at: timeText(usedAt) },
  }))
  return `${JSON.stringify({ caches: list })}\n`
}

function age(time: number, now: number): string {
  const days = Math.floor((now - time) / 86_400_000)
  return days >= 2 ? `${days} days ago` : `${formatDuration(now - time)} ago`
}

function use({ usedAt }: ListedCache, now: number): string {
  return usedAt === null ? 'never used' : `used ${age(usedAt, now)}`
}
