import type { ProgressEvent } from '../engine/model/progress-event.ts'
import { LogTail } from './log-tail.ts'

/** The ends of the logs of steps that run or that did not succeed. Those of successful steps are dropped, so memory grows
 *  with failures only. */
export class LogTails {
  readonly #tails = new Map<string, LogTail>()

  push(event: ProgressEvent): void {
    if (event.type === 'step_output') this.#of(keyOf(event.run, event.task.id, event.step.index)).push(event.data)
    else if (event.type === 'step_finished' && event.phase === 'success') {
      this.#tails.delete(keyOf(event.run, event.task.id, event.step.index))
    }
  }

  lines(place: { run: number; task: string; step: number }, count: number): string[] {
    return this.#tails.get(keyOf(place.run, place.task, place.step))?.lines(count) ?? []
  }

  #of(key: string): LogTail {
    let tail = this.#tails.get(key)
    if (tail === undefined) {
      tail = new LogTail()
      this.#tails.set(key, tail)
    }
    return tail
  }
}

function keyOf(run: number, task: string, step: number): string {
  return `${run}/${task}/${step}`
}
