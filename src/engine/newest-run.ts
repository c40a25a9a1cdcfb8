import { AgolaError } from './model/errors.ts'
import type { Runs } from './ports/runs.ts'

/** The number itself, or that of the newest run. `runDoesNotExist` when there is none yet. */
export async function numberOrNewest(runs: Runs, number: number | undefined): Promise<number> {
  if (number !== undefined) return number
  const [newest] = (await runs.list({ limit: 1 })).runs
  if (newest !== undefined) return newest.counter
  throw new AgolaError('runDoesNotExist', 'this repository has no run yet: agola directrun start makes one')
}
