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

export interface Pair {
  oursMs: number
  theirsMs: number
}

/** Runs both in turns, A B B A, after one round that is not counted, and gives the figures of the round that stands in the middle by its
 *  ratio: a machine that changes its speed meets both sides alike, the more so the shorter the turns are. What measures itself returns
 *  its milliseconds. */
export async function inTurns(rounds: number, ours: Work, theirs: Work): Promise<Pair> {
  const pairs: Pair[] = []
  for (let round = -1; round < rounds; round++) {
    const first = round % 2 === 0 ? ours : theirs
    const firstMs = await timed(first)
    const secondMs = await timed(first === ours ? theirs : ours)
    if (round < 0) continue
    pairs.push(first === ours ? { oursMs: firstMs, theirsMs: secondMs } : { oursMs: secondMs, theirsMs: firstMs })
  }
  return middlePair(pairs)
}

/** Of an even number the worse one of the two in the middle. */
export function middlePair(pairs: readonly Pair[]): Pair {
  const ratio = ({ oursMs, theirsMs }: Pair) => oursMs / theirsMs
  const sorted = [...pairs].sort((a, b) => ratio(a) - ratio(b))
  return sorted[sorted.length >> 1] ?? { oursMs: 0, theirsMs: 0 }
}

type Work = (() => Promise<number>) | (() => Promise<void>) | (() => void)

async function timed(work: Work): Promise<number> {
  const start = performance.now()
  const measuredMs = await work()
  return measuredMs ?? performance.now() - start
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
