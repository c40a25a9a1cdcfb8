/** Lets at most so many works go on at the same time; the others wait for their turn, first come, first served. */
export class Limit {
  readonly #workMax: number
  readonly #waiting: (() => void)[] = []
  #active = 0

  constructor(workMax: number) {
    this.#workMax = workMax
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= this.#workMax) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#active += 1
    try {
      return await work()
    } finally {
      // The place goes straight to the next in line, so that nobody slips in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#active -= 1
      else next()
    }
  }
}
