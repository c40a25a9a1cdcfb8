import { formatSize } from './format-size.ts'

/** What cleaning removed, or would remove. */
export interface CleanedView {
  kinds: readonly { kind: string; count: number; sizeBytes: number | null }[]
  notes: readonly string[]
}

/** A line a kind of thing, then how much space that is. */
export function cleanReportText({ kinds, notes }: CleanedView, dryRun: boolean): string {
  const lines = kinds.map(({ kind, count, sizeBytes }) => {
    const size = sizeBytes === null || sizeBytes === 0 ? '' : `, ${formatSize(sizeBytes)}`
    return `${dryRun ? 'would remove' : 'removed'} ${count} ${count === 1 ? singular(kind) : kind}${size}`
  })
  const total = kinds.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  const summary = kinds.length === 0 ? 'nothing to remove' : `${dryRun ? 'would free' : 'freed'} ${formatSize(total)}`
  return [...lines, ...notes.map((note) => `note: ${note}`), summary].map((line) => `${line}\n`).join('')
}

export function cleanReportJson({ kinds, notes }: CleanedView, dryRun: boolean): string {
  const removed = kinds.map(({ kind, count, sizeBytes }) => ({ kind, count, size_bytes: sizeBytes }))
  return `${JSON.stringify({ dry_run: dryRun, removed, notes })}\n`
}

function singular(kind: string): string {
  return kind === 'process data' || kind === 'tools' ? kind : kind.replace(/s$/, '')
}
