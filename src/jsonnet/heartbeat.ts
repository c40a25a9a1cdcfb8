import type { SourcePosition } from './evaluation.ts'
import type { Place } from './source.ts'

const fileBytesMax = 512

/** What a worker is at, in memory that its host can read even when the worker answers nothing any more.
 *  Entry 0 tells the worker that an answer to its import has come; then follow line, column and the file's name. */
export class Heartbeat {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array
  readonly #file: Uint8Array
  #lastFile: string | undefined

  constructor(memory = new SharedArrayBuffer(16 + fileBytesMax)) {
    this.memory = memory
    this.#cells = new Int32Array(memory, 0, 4)
    this.#file = new Uint8Array(memory, 16)
  }

  write(place: Place): void {
    const { file, line, column } = place.position()
    if (file !== this.#lastFile) {
      const bytes = new TextEncoder().encode(file).subarray(0, fileBytesMax)
      this.#file.set(bytes)
      Atomics.store(this.#cells, 3, bytes.length)
      this.#lastFile = file
    }
    Atomics.store(this.#cells, 1, line)
    Atomics.store(this.#cells, 2, column)
  }

  read(): SourcePosition | undefined {
    const line = Atomics.load(this.#cells, 1)
    if (line === 0) return undefined
    // The decoder refuses shared memory, so it gets a copy.
    const file = new TextDecoder().decode(this.#file.slice(0, Atomics.load(this.#cells, 3)))
    return { file, line, column: Atomics.load(this.#cells, 2) }
  }

  /** Before each program. */
  reset(): void {
    this.#lastFile = undefined
    this.#cells.fill(0)
  }

  /** Blocks the worker until `wake`. */
  sleep(): void {
    Atomics.wait(this.#cells, 0, 0)
    Atomics.store(this.#cells, 0, 0)
  }

  wake(): void {
    Atomics.store(this.#cells, 0, 1)
    Atomics.notify(this.#cells, 0)
  }
}
