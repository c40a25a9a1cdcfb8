import { messageOf } from '../src/engine/model/errors.ts'
import type { BenchRow } from './row.ts'

/** What this process tells the one that started it. */
export type Measured = { rows: BenchRow[] } | { error: string }

/** Measures the benchmark file that is named on the command line. */
async function measure(name: string): Promise<Measured> {
  try {
    const { rows } = (await import(`./${name}.ts`)) as { rows: () => Promise<BenchRow[]> }
    return { rows: await rows() }
  } catch (error) {
    return { error: messageOf(error) }
  }
}

process.send?.(await measure(process.argv[2] ?? ''))
