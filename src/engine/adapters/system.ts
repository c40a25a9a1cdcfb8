import { randomUUID } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'

/** What timers of the system can wait at most; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1

/** The machine's clock. Timers do not keep the process alive: whoever waits does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not performance.now(), which loads all there is for measuring programs.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      let timer: NodeJS.Timeout
      const wait = (leftMs: number) => {
        const nowMs = Math.min(leftMs, timerMsMax)
        timer = setTimeout(() => {
          if (leftMs > nowMs) return wait(leftMs - nowMs)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        }, nowMs)
        timer.unref()
      }
      wait(ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  fraction: () => Math.random(),
}

const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

/** One line of text a message: time, level, message, fields as JSON. `write` is stderr or a file. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const at = (own: LogLevel) => (message: string, fields?: Record<string, unknown>) => {
    if (levels.indexOf(own) < levels.indexOf(level)) return
    const suffix = fields === undefined ? '' : ` ${JSON.stringify(fields)}`
    write(`${new Date().toISOString()} ${own} ${message}${suffix}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
