import { messageOf } from '../model/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

/** A service that works in steps. A step may be repeated or cut short at any time: the next one finds what is left to do. */
export interface LoopService {
  readonly name: string
  step(signal: AbortSignal): Promise<void>
}

export interface LoopOptions {
  clock: Clock
  log: Log
  /** Pause between the end of a step and the next. */
  intervalMs: number
}

/** Steps at once and then after every pause, until `signal` is aborted; a failed step is logged and the next one comes as usual. */
export async function runLoop(service: LoopService, options: LoopOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await service.step(signal)
    } catch (error) {
      if (!signal.aborted) options.log.error(`${service.name}: a step failed`, { error: messageOf(error) })
    }
    await pause(options, signal)
  }
}

/** Resolves after the pause or as soon as `signal` is aborted. */
async function pause({ clock, intervalMs }: LoopOptions, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(intervalMs, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
