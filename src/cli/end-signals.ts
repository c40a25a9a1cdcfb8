import { exitCodeOfSignal } from './exit-code.ts'
import { type EndSignal, newPresses } from './interrupts.ts'

/** The signals that end a command which has nothing to stop. */
export class EndSignals {
  /** The exit code of the first one. */
  readonly first: Promise<number>
  readonly #handlers = new Map<EndSignal | 'SIGQUIT', () => void>()

  /** `describe` is called on SIGQUIT, which then ends nothing. */
  constructor(describe?: () => void) {
    const isNewPress = newPresses(() => performance.now())
    if (describe !== undefined) this.#handlers.set('SIGQUIT', () => isNewPress() && describe())
    this.first = new Promise((resolve) => {
      for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
        this.#handlers.set(name, () => resolve(exitCodeOfSignal(name)))
    })
    for (const [name, handler] of this.#handlers) process.on(name, handler)
  }

  release(): void {
    for (const [name, handler] of this.#handlers) process.removeListener(name, handler)
  }
}
