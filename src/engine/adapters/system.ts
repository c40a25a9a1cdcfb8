import { randomUUID } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import { afterMs } from '../std/after-ms.ts'

/** The machine's clock. Timers do not keep the process alive: whoever waits does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not performance.now(), which loads all there is for measuring programs.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      const onTime = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const cancel = afterMs(ms, onTime, { unref: true })
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
