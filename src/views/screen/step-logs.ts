import type { ProgressEvent } from '../../engine/model/progress-event.ts'
import { StepLog } from './step-log.ts'

export interface StepPlace {
  run: number
  task: string
  step: number
}

/** Logs that keep their end in memory at the same time: 16 MiB in all. */
const logsInMemoryMax = 64

/** The logs of all steps. Only those that were written last, or are looked at, keep their end in memory. */
export class StepLogs {
  readonly #logs = new Map<string, StepLog>()
  /** Keys of those in memory, the one used longest ago first. */
  readonly #inMemory = new Set<string>()

  push(event: Extract<ProgressEvent, { type: 'step_output' }>): void {
    const key = keyOf({ run: event.run, task: event.task.id, step: event.step.index })
    let log = this.#logs.get(key)
    if (log === undefined) {
      log = new StepLog()
      this.#logs.set(key, log)
    }
    log.push(event.data)
    this.#touch(key)
  }

  get(place: StepPlace): StepLog | null {
    return this.#logs.get(keyOf(place)) ?? null
  }

  #touch(key: string): void {
    if (this.#inMemory.size === logsInMemoryMax && !this.#inMemory.has(key)) {
      const [oldest = ''] = this.#inMemory
      this.#inMemory.delete(oldest)
      this.#logs.get(oldest)?.evict()
    }
    this.#inMemory.delete(key)
    this.#inMemory.add(key)
  }
}

function keyOf(place: StepPlace): string {
  return `${place.run}/${place.task}/${place.step}`
}
