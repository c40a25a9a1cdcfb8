import { setTimeout as sleep } from 'node:timers/promises'
import { withoutColour } from '../views/clean-text.ts'
import { type ListedRun, listedRunJson, runKey, runListText, runStateText } from '../views/run-list.ts'
import { textWidth } from '../views/text-width.ts'
import { EndSignals } from './end-signals.ts'
import { exitCodes } from './exit-code.ts'
import type { Output } from './output.ts'
import type { Shown } from './run-commands.ts'

interface RunListing {
  runs: readonly ListedRun[]
  more: boolean
}

export interface WatchListOptions {
  list: () => Promise<RunListing>
  shown: () => Shown
  stdout: Output
  /** Aborted when nobody reads any more. */
  closed: AbortSignal
  /** Rows of the terminal that is drawn on; null: lines are written. */
  rows: () => number | null
}

const pollMs = 1_000

/** Shows a list of runs again and again, until a signal, whose exit code it gives, or until nobody reads any more. */
export async function watchList({ list, shown, stdout, closed, rows }: WatchListOptions): Promise<number> {
  const signals = new EndSignals()
  const ended = new AbortController()
  const over = signals.first.finally(() => ended.abort())
  const onClosed = () => ended.abort()
  closed.addEventListener('abort', onClosed, { once: true })
  const screen = new ListScreen()
  const lines = new ListLines()
  try {
    while (!ended.signal.aborted && !closed.aborted) {
      const listing = await list()
      if (ended.signal.aborted) break
      const height = rows()
      await stdout.write(height === null ? lines.next(listing, shown()) : screen.next(listing, shown(), height))
      // A signal or a closed output ends the wait.
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => undefined)
    }
    return closed.aborted ? exitCodes.success : await over
  } finally {
    closed.removeEventListener('abort', onClosed)
    signals.release()
  }
}

/** The list on the last rows of a terminal, drawn over itself. */
export class ListScreen {
  #drawn = ''
  #width = 0

  /** What to write for the list as it is now; '' when it looks as before. */
  next({ runs, more }: RunListing, shown: Shown, rows: number): string {
    const room = Math.max(1, rows - 2)
    const text = runListText({ runs: runs.slice(0, room), more: more || runs.length > room }, shown)
    if (text === this.#drawn && shown.width === this.#width) return ''
    const height = rowsOf(this.#drawn, shown.width)
    // Lines that were cut for another width take unknown rows: the whole screen begins anew.
    const isResized = this.#drawn !== '' && shown.width !== this.#width
    const back = isResized ? '\x1b[H\x1b[2J' : height === 0 ? '' : `\x1b[${height}A\x1b[J`
    this.#drawn = text
    this.#width = shown.width
    return back + text
  }
}

/** Rows that the lines take on a terminal, which breaks those that are too long. */
function rowsOf(text: string, width: number): number {
  const lines = text.split('\n').slice(0, -1)
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(textWidth(withoutColour(line)) / width)), 0)
}

/** The whole list once, then each run that is new or goes on to another state, oldest first. */
export class ListLines {
  #known: Map<string, string> | null = null

  next({ runs, more }: RunListing, shown: Shown): string {
    const known = this.#known
    this.#known = new Map([...(known ?? []), ...runs.map((run) => [runKey(run), runStateText(run)] as const)])
    const changed = runs.filter((run) => known?.get(runKey(run)) !== runStateText(run))
    if (shown.output === 'json') return changed.toReversed().map(listedRunJson).join('')
    if (known === null) return runListText({ runs, more }, shown)
    return changed.length === 0 ? '' : runListText({ runs: changed.toReversed(), more: false }, shown)
  }
}
