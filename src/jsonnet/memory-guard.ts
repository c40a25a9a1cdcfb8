import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RuntimeFailure } from './failure.ts'
import { currentTrace } from './machine.ts'

/** Stops a program that holds on to too much memory, well before the engine would: reaching the engine's own limit can
 *  end the whole process, not only the thread. */
export class MemoryGuard {
  readonly #limitMb: number
  readonly #collect: () => void

  constructor(limitMb: number) {
    this.#limitMb = limitMb
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as () => void
    // It is there now. Left on, the flag would make the whole process refuse what it has compiled already (src/loading.ts).
    setFlagsFromString('--no-expose-gc')
  }

  /** What looks used may be garbage, so that is taken away before the verdict. */
  check(): void {
    if (this.#isWithin(this.#limitMb)) return
    this.#collect()
    // Close to the limit, the next collection would come at once and be in vain.
    if (this.#isWithin(this.#limitMb * 0.9)) return
    const message = `evaluation needs more than ${this.#limitMb} MB of memory`
    throw new RuntimeFailure(message, currentTrace(), 'limit')
  }

  #isWithin(megabytes: number): boolean {
    const { used_heap_size, external_memory } = getHeapStatistics()
    return used_heap_size + external_memory <= megabytes * 1024 * 1024
  }
}
