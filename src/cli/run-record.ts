import type { ProgressEvent } from '../engine/model/progress-event.ts'
import { LogTails } from '../views/log-tails.ts'
import { type RunView, reduceRuns } from '../views/run-view.ts'
import { shellWord } from '../views/shell-word.ts'
import { type FailedTask, renderSummary } from '../views/summary.ts'

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
      nextCommands: (run, failedTasks) => [
        ...wholeLogs(`${bin} directrun logs ${run}`, failedTasks),
        { what: 'run again from the failed tasks', command: `${bin} directrun restart ${run} --from-failed` },
      ],
    })
  }
}

/** Of tasks that have a log: one that never began has none. */
function wholeLogs(command: string, failed: readonly FailedTask[]): { what: string; command: string }[] {
  const [first, ...others] = failed.filter(({ begun }) => begun !== 'nothing')
  if (first === undefined) return []
  if (others.length > 0) return [{ what: 'whole logs', command: `${command} --failed` }]
  const setup = first.begun === 'setup' ? ' --setup' : ''
  return [{ what: 'whole log', command: `${command} --task ${shellWord(first.name)}${setup}` }]
}
