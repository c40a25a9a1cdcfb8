/** Lets somebody go on to the call of this number, and no further until `open`. */
export class Gate {
  readonly reached = Promise.withResolvers<void>()
  readonly #at: number
  readonly #opened = Promise.withResolvers<void>()
  #calls = 0

  constructor(at: number) {
    this.#at = at
  }

  async pass(): Promise<void> {
    if (this.#calls++ !== this.#at) return
    this.reached.resolve()
    await this.#opened.promise
  }

  open(): void {
    this.#opened.resolve()
  }

  /** Whether somebody came so far; false when the work ended before. */
  async isReachedBy(work: Promise<unknown>): Promise<boolean> {
    const ended = work.then(
      () => false,
      () => false,
    )
    return await Promise.race([this.reached.promise.then(() => true), ended])
  }
}

/** The same port, whose calls pass the gate first. */
export function gated<Port extends object>(port: Port, gate: Gate): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (name === 'list') {
        return async function* (...given: unknown[]) {
          await gate.pass()
          yield* member.apply(target, given)
        }
      }
      return async (...given: unknown[]) => {
        await gate.pass()
        return member.apply(target, given)
      }
    },
  })
}
