/** One line of the benchmark: our figure beside the raw tool's, taken in turns in the same run. */
export interface BenchRow {
  work: string
  /** What we are compared with. */
  against: string
  unit: 'ms' | 's' | '1/s' | 'MB/s' | 'MB'
  ours: number
  /** null: nothing comparable exists; then `limit` is in `unit`. */
  theirs: number | null
  /** The promise: ours at most (for rates: at least) so many times theirs. */
  limit: number | null
}

/** Ours divided by theirs; for rates too, where more is better. */
export function ratioOf(row: BenchRow): number | null {
  return row.theirs === null || row.theirs === 0 ? null : row.ours / row.theirs
}

export function isRate(row: BenchRow): boolean {
  return row.unit === '1/s' || row.unit === 'MB/s'
}

/** null where nothing was promised. */
export function isKept(row: BenchRow): boolean | null {
  if (row.limit === null) return null
  const figure = row.theirs === null ? row.ours : (ratioOf(row) ?? Number.POSITIVE_INFINITY)
  return isRate(row) ? figure >= row.limit : figure <= row.limit
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Runs both in turns, A B B A, after one round that is not counted, and gives the medians in milliseconds: a machine that changes its
 *  speed meets both sides alike, the more so the shorter the turns are. */
export async function inTurns(
  rounds: number,
  ours: () => Promise<void> | void,
  theirs: () => Promise<void> | void,
): Promise<{ oursMs: number; theirsMs: number }> {
  const oursMs: number[] = []
  const theirsMs: number[] = []
  for (let round = -1; round < rounds; round++) {
    const first = round % 2 === 0 ? ours : theirs
    const firstMs = await timed(first)
    const secondMs = await timed(first === ours ? theirs : ours)
    if (round < 0) continue
    oursMs.push(first === ours ? firstMs : secondMs)
    theirsMs.push(first === ours ? secondMs : firstMs)
  }
  return { oursMs: median(oursMs), theirsMs: median(theirsMs) }
}

async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** For people. */
export function formatRow(row: BenchRow): string {
  const ratio = ratioOf(row)
  const kept = isKept(row)
  const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
  const columns = [
    row.work.padEnd(58),
    `${number(row.ours)} ${row.unit}`.padStart(12),
    (row.theirs === null ? '–' : `${number(row.theirs)} ${row.unit}`).padStart(12),
    (ratio === null ? '–' : `${ratio.toFixed(2)} ×`).padStart(9),
    (row.limit === null
      ? '–'
      : `${isRate(row) ? '≥' : '≤'} ${row.limit}${row.theirs === null ? ` ${row.unit}` : ' ×'}`
    ).padStart(10),
    kept === null ? '' : kept ? 'kept' : 'MISSED',
    row.against === '' ? '' : `  (${row.against})`,
  ]
  return columns.join(' ').trimEnd()
}
