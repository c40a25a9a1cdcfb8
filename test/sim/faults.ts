import { AgolaError } from '../../src/engine/model/errors.ts'
import type { SeededRandom } from '../support/seeded-random.ts'

/** Calls that get lost. A switch for all: when it is off everything works. */
export class Faults {
  isOn = true
  readonly #random: SeededRandom
  readonly #share: number

  constructor(random: SeededRandom, share: number) {
    this.#random = random
    this.#share = share
  }

  /** Whether something goes wrong now. */
  happens(): boolean {
    return this.isOn && this.#random.fraction() < this.#share
  }

  pick<T>(...ways: T[]): T | undefined {
    return ways[this.#random.below(ways.length)]
  }

  /** The same object over a line on which calls or their answers may get lost. Only methods that return promises. */
  line<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member: unknown = Reflect.get(object, name)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) => {
          if (this.happens()) throw lost(`the call of ${String(name)}`)
          const answer: unknown = await Reflect.apply(member, object, args)
          if (this.happens()) throw lost(`the answer to ${String(name)}`)
          return answer
        }
      },
    })
  }
}

function lost(what: string): AgolaError {
  return new AgolaError('storeUnreachable', `${what} was lost (a fault of the test)`)
}
