import type { RunId } from '../model/ids.ts'
import { LogMask } from './log-mask.ts'
import { canMask } from './mask-patterns.ts'

/** More would make every log slow. */
const valuesMax = 1000

export type MaskRefusal = 'too short' | 'too many'

/** The masks of the tasks of each run. Values that steps name while they run are masked in all logs of their run that this executor
 *  writes, from then on; they are kept as long as it lives, which is as long as the command for the only ones that ask for it. */
export class RunMasks {
  readonly #runs = new Map<RunId, { values: Set<string>; masks: LogMask[] }>()

  /** A mask for a task; `secretValues` are its own. */
  create(runId: RunId, secretValues: readonly string[]): LogMask {
    const { values, masks } = this.#of(runId)
    const mask = new LogMask([...secretValues, ...values])
    masks.push(mask)
    return mask
  }

  /** Why it is not masked; null: it is. */
  add(runId: RunId, value: string): MaskRefusal | null {
    const { values, masks } = this.#of(runId)
    if (!canMask(value)) return 'too short'
    if (values.has(value)) return null
    if (values.size === valuesMax) return 'too many'
    values.add(value)
    for (const mask of masks) mask.add(value)
    return null
  }

  #of(runId: RunId): { values: Set<string>; masks: LogMask[] } {
    const known = this.#runs.get(runId)
    if (known !== undefined) return known
    const made = { values: new Set<string>(), masks: [] }
    this.#runs.set(runId, made)
    return made
  }
}
