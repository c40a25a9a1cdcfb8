export type EndSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM'

export interface InterruptActions {
  /** First signal: end gracefully. */
  stop(signal: EndSignal): void
  /** Second Ctrl-C, or when a TERM or HUP was not done after its time: end at once, still cleaning up. */
  kill(): void
  /** Third Ctrl-C: leave without waiting for anything. */
  leave(signal: EndSignal): void
  /** SIGQUIT: say what goes on. */
  describe(): void
}

export interface InterruptOptions {
  /** Nobody is there to press again: TERM and HUP become a kill by themselves after this time. */
  escalationMs: number
  monotonicMs: () => number
}

/** A key held down sends many signals, and a process that passes signals on sends its own beside the terminal's: presses closer together
 *  than this are one. */
const samePressMs = 300

/** Gives what is asked at each signal: whether it is a press of its own. */
export function newPresses(monotonicMs: () => number): () => boolean {
  let lastMs = Number.NEGATIVE_INFINITY
  return () => {
    const now = monotonicMs()
    if (now - lastMs < samePressMs) return false
    lastMs = now
    return true
  }
}

/** Turns the signals of the process into stop, kill and leave (spec/local-runs.md 9). */
export class Interrupts {
  /** The first signal, which also decides the exit code. */
  first: EndSignal | null = null
  private readonly actions: InterruptActions
  private readonly options: InterruptOptions
  private presses = 0
  private readonly isNewPress: () => boolean
  private escalation: NodeJS.Timeout | undefined
  private readonly handlers = new Map<NodeJS.Signals, () => void>()

  constructor(actions: InterruptActions, options: InterruptOptions) {
    this.actions = actions
    this.options = options
    this.isNewPress = newPresses(options.monotonicMs)
  }

  /** Takes the signals of `source` from now on. */
  listen(source: NodeJS.Process): void {
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) this.handlers.set(signal, () => this.on(signal))
    const isNewPress = newPresses(this.options.monotonicMs)
    this.handlers.set('SIGQUIT', () => isNewPress() && this.actions.describe())
    for (const [signal, handler] of this.handlers) source.on(signal, handler)
  }

  release(source: NodeJS.Process): void {
    clearTimeout(this.escalation)
    for (const [signal, handler] of this.handlers) source.removeListener(signal, handler)
  }

  on(signal: EndSignal): void {
    if (!this.isNewPress()) return
    this.presses += 1
    this.first ??= signal
    if (this.presses === 1) this.actions.stop(signal)
    else if (this.presses === 2) this.actions.kill()
    else this.actions.leave(this.first)
    if (signal !== 'SIGINT' && this.escalation === undefined) {
      this.escalation = setTimeout(() => this.actions.kill(), this.options.escalationMs)
      this.escalation.unref()
    }
  }
}
