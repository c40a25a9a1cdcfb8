import type { ProgressEvent } from '../../engine/model/progress-event.ts'
import { chunkBytesMax, type LogChunk, LogChunks } from '../../views/reports/log-chunks.ts'
import type { PageChunk, PageLog } from '../../views/reports/page/render-page.ts'
import type { Spool, SpooledText } from './spool.ts'

export interface PageLogLimits {
  /** Characters kept from the beginning of a step's log, and of all steps together. */
  stepLengthMax: number
  lengthMax: number
  /** Chunks kept from the end of a longer one. */
  tailChunksMax: number
}

export const pageLogLimits: PageLogLimits = {
  stepLengthMax: 128 * 1024 * 1024,
  lengthMax: 512 * 1024 * 1024,
  tailChunksMax: 16,
}

interface StoredChunk extends SpooledText {
  lines: number
}

interface StepLog {
  chunks: LogChunks
  length: number
  head: StoredChunk[]
  /** A ring of places in the spool, so that an endless log takes a bounded part of the disk. */
  tail: StoredChunk[]
  tailOffset: number | null
  tailCount: number
  dropped: number
}

/** The logs for the page: compressed while the run goes on, of long ones the beginning and the end. */
export class PageLogs {
  readonly #spool: Spool
  readonly #limits: PageLogLimits
  readonly #steps = new Map<string, StepLog>()
  /** One chunk is compressed while the next one is gathered. */
  #storing: Promise<void> = Promise.resolve()
  #length = 0

  constructor(spool: Spool, limits: PageLogLimits = pageLogLimits) {
    this.#spool = spool
    this.#limits = limits
  }

  async event(event: ProgressEvent): Promise<void> {
    if (event.type !== 'step_output' && event.type !== 'step_finished') return
    const key = keyOf({ run: event.run, task: event.task.id, step: event.step.index })
    const known = this.#steps.get(key)
    if (event.type === 'step_finished') {
      if (known !== undefined) await this.#end(known)
      return
    }
    const log = known ?? emptyLog()
    if (known === undefined) this.#steps.set(key, log)
    for (const chunk of log.chunks.push(event.data)) await this.#add(log, chunk)
  }

  /** After the last event, before the first `log`. */
  async finish(): Promise<void> {
    for (const log of this.#steps.values()) await this.#end(log)
    await this.#storing
  }

  log(place: { run: number; task: string; step: number }): PageLog | null {
    const log = this.#steps.get(keyOf(place))
    if (log === undefined) return null
    const oldest = log.tailCount % this.#limits.tailChunksMax
    const ordered =
      log.tail.length < this.#limits.tailChunksMax
        ? log.tail
        : [...log.tail.slice(oldest), ...log.tail.slice(0, oldest)]
    const page = (chunk: StoredChunk): PageChunk => ({
      lines: chunk.lines,
      read: () => this.#spool.readCompressed(chunk),
    })
    return { head: log.head.map(page), dropped: log.dropped, tail: ordered.map(page) }
  }

  async #end(log: StepLog): Promise<void> {
    const rest = log.chunks.end()
    if (rest !== null) await this.#add(log, rest)
  }

  async #add(log: StepLog, chunk: LogChunk): Promise<void> {
    await this.#storing
    const { stepLengthMax, lengthMax } = this.#limits
    const fits = log.length + chunk.text.length <= stepLengthMax && this.#length + chunk.text.length <= lengthMax
    this.#storing = fits && log.tailOffset === null ? this.#addHead(log, chunk) : this.#addTail(log, chunk)
    // Whoever comes next gets the error.
    this.#storing.catch(() => undefined)
  }

  async #addHead(log: StepLog, { text, lines }: LogChunk): Promise<void> {
    log.length += text.length
    this.#length += text.length
    log.head.push({ ...(await this.#spool.append(text)), lines })
  }

  async #addTail(log: StepLog, { text, lines }: LogChunk): Promise<void> {
    const { tailChunksMax } = this.#limits
    log.tailOffset ??= this.#spool.reserve(tailChunksMax * chunkBytesMax)
    const place = log.tailCount % tailChunksMax
    log.dropped += log.tail[place]?.lines ?? 0
    log.tail[place] = { ...(await this.#spool.put(text, log.tailOffset + place * chunkBytesMax)), lines }
    log.tailCount += 1
  }
}

function emptyLog(): StepLog {
  return { chunks: new LogChunks(), length: 0, head: [], tail: [], tailOffset: null, tailCount: 0, dropped: 0 }
}

function keyOf({ run, task, step }: { run: number; task: string; step: number }): string {
  return `${run}/${task}/${step}`
}
