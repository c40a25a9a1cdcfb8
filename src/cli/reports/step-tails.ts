import type { ProgressEvent } from '../../engine/model/progress-event.ts'
import { LogTail, tailBytesMax } from '../../views/log-tail.ts'
import type { StepTail } from '../../views/reports/junit.ts'
import type { Spool, SpooledText } from './spool.ts'

interface OpenTail {
  tail: LogTail
  bytes: number
}

/** The end of each step's log: in memory while the step runs, then spooled. */
export class StepTails {
  readonly #spool: Spool
  readonly #open = new Map<string, OpenTail>()
  readonly #stored = new Map<string, SpooledText>()

  constructor(spool: Spool) {
    this.#spool = spool
  }

  async event(event: ProgressEvent): Promise<void> {
    if (event.type !== 'step_output' && event.type !== 'step_finished') return
    const key = keyOf({ run: event.run, task: event.task.id, step: event.step.index })
    const known = this.#open.get(key)
    if (event.type === 'step_output') {
      const open = known ?? { tail: new LogTail(), bytes: 0 }
      if (known === undefined) this.#open.set(key, open)
      open.tail.push(event.data)
      open.bytes += event.data.length
    } else if (known !== undefined) {
      this.#open.delete(key)
      this.#stored.set(key, await this.#spool.append(JSON.stringify(toStepTail(known))))
    }
  }

  async read(place: { run: number; task: string; step: number }): Promise<StepTail> {
    const key = keyOf(place)
    const open = this.#open.get(key)
    if (open !== undefined) return toStepTail(open)
    const stored = this.#stored.get(key)
    return stored === undefined ? { lines: [], cut: false } : (JSON.parse(await this.#spool.read(stored)) as StepTail)
  }
}

function toStepTail({ tail, bytes }: OpenTail): StepTail {
  const lines = tail.lines(Number.POSITIVE_INFINITY)
  const cut = bytes > tailBytesMax
  // The first line has lost its beginning.
  return { lines: cut && lines.length > 1 ? lines.slice(1) : lines, cut }
}

function keyOf({ run, task, step }: { run: number; task: string; step: number }): string {
  return `${run}/${task}/${step}`
}
