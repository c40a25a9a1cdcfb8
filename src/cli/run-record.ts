import type { ProgressEvent } from '../engine/model/progress-event.ts'
import { LogTails } from '../views/log-tails.ts'
import { type RunView, reduceRuns } from '../views/run-view.ts'
import { shellWord } from '../views/shell-word.ts'
import { renderSummary } from '../views/summary.ts'

export interface RunRecordOptions {
  color: boolean
  /** Columns of the terminal; 0: none. */
  width: number
  /** The name by which this program was called, for hints. */
  bin: string
}

/** What an invocation has seen, for the summary at its end. */
export class RunRecord {
  readonly #tails = new LogTails()
  #runs: readonly RunView[] = []

  event(event: ProgressEvent): void {
    this.#runs = reduceRuns(this.#runs, event)
    this.#tails.push(event)
  }

  summary({ color, width, bin }: RunRecordOptions): string {
    return renderSummary(this.#runs, {
      color,
      width,
      tail: (place, count) => this.#tails.lines(place, count),
      nextCommands: (run, tasksWithLogs) => [
        ...wholeLogs(`${bin} directrun logs ${run}`, tasksWithLogs),
        { what: 'run again from the failed tasks', command: `${bin} directrun restart ${run} --from-failed` },
      ],
    })
  }
}

function wholeLogs(command: string, [first, ...others]: readonly string[]): { what: string; command: string }[] {
  if (first === undefined) return []
  if (others.length > 0) return [{ what: 'whole logs', command: `${command} --failed` }]
  return [{ what: 'whole log', command: `${command} --task ${shellWord(first)}` }]
}
