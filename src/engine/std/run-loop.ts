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
  /** Ends the pause early: resolves when there is something to do, rejects when its signal is aborted. Asked for before each step, so
   *  that nothing is missed that comes while the step is under way. */
  work?: (signal: AbortSignal) => Promise<void>
}

/** Steps at once and then after every pause, until `signal` is aborted; a failed step is logged and the next one comes as usual. */
export async function runLoop(service: LoopService, options: LoopOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const pause = new AbortController()
    const either = AbortSignal.any([signal, pause.signal])
    const work = options.work === undefined ? [] : [quietly(options.work(either), either)]
    try {
      await service.step(signal)
    } catch (error) {
      if (!signal.aborted) options.log.error(`${service.name}: a step failed`, { error: messageOf(error) })
    }
    await Promise.race([...work, quietly(options.clock.sleep(options.intervalMs, either), either)])
    pause.abort()
  }
}

/** Resolves too when `signal` is aborted. */
async function quietly(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await wait
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
