import type { ProgressEvent } from '../../engine/model/progress-event.ts'
import { createPaint, type Paint } from '../colour.ts'
import { type RunView, reduceRuns } from '../run-view.ts'
import {
  bodyRows,
  drawActivity,
  drawFooter,
  drawHeader,
  drawHelp,
  drawLog,
  drawLogTitle,
  drawTaskList,
  type Keys,
  layOut,
  type ScreenLayout,
  type ScreenSize,
} from './draw-screen.ts'
import { type Action, type KeyPress, pressKey } from './press-key.ts'
import type { ReadLog, StepLog } from './step-log.ts'
import { StepLogs, type StepPlace } from './step-logs.ts'
import { autoSelect, initialUi, selectedTask, shownStep, type UiState } from './ui-state.ts'

export interface ScreenModelOptions {
  color: boolean
  keys: Keys
  now: () => number
  /** Reads a stored log back; null: only what is in memory can be seen. */
  readLog: ((place: StepPlace, range: Parameters<ReadLog>[0]) => Promise<Uint8Array>) | null
  /** Called when a new picture is due. */
  onChange: () => void
  onAction: (action: Exclude<Action, { type: 'search' }>) => void
}

export interface ScreenPicture {
  layout: ScreenLayout
  header: string
  list: string[]
  title: string
  log: string[]
  /** Instead of list and log, over the whole width; null while nobody has asked. */
  activity: string[] | null
  footer: string
}

/** Lines between two looks whether the search was given up. */
const searchLines = 2000

/** Everything behind the screen: takes in events and keys, gives pictures. Events cost little; a picture is made of what is
 *  seen and nothing else, however much was printed. */
export class ScreenModel {
  readonly #options: ScreenModelOptions
  readonly #paint: Paint
  readonly #logs = new StepLogs()
  #runs: readonly RunView[] = []
  #ui: UiState = initialUi
  #message = ''
  #size: ScreenSize = { columns: 80, rows: 24 }
  #loading: StepLog | null = null
  #search: AbortController | null = null

  constructor(options: ScreenModelOptions) {
    this.#options = options
    this.#paint = createPaint(options.color)
  }

  event(event: ProgressEvent): void {
    if (event.type === 'step_output') this.#logs.push(event)
    else {
      this.#runs = reduceRuns(this.#runs, event)
      this.#ui = autoSelect(this.#runs, this.#ui)
    }
    this.#options.onChange()
  }

  /** Something to tell in the last line, until the next key. */
  message(text: string): void {
    this.#message = text
    this.#options.onChange()
  }

  /** What goes on, for a person who has asked, until a key. */
  activity(lines: readonly string[]): void {
    this.#ui = { ...this.#ui, activity: { lines, page: 0 } }
    this.#options.onChange()
  }

  press(key: KeyPress): void {
    this.#message = ''
    this.#search?.abort()
    const { keys } = this.#options
    const context = {
      runs: this.#runs,
      lineCount: this.#shownLog()?.lineCount ?? 0,
      pageLines: this.#logRows(),
      hasMoreActivity: (this.#drawActivity()?.left ?? 0) > 0,
      keys,
    }
    const { ui, action } = pressKey(this.#ui, key, context)
    this.#ui = autoSelect(this.#runs, ui)
    if (action?.type === 'search') void this.#find(action.query, action.direction)
    else if (action !== null) this.#options.onAction(action)
    this.#options.onChange()
  }

  draw(size: ScreenSize): ScreenPicture {
    this.#size = size
    const layout = layOut(size, this.#runs)
    const now = this.#options.now()
    const log = { columns: layout.logColumns, rows: this.#logRows() }
    const lines = this.#ui.help ? drawHelp(this.#options.keys, log) : drawLog(this.#visibleLines(), this.#ui.query, log)
    const selected = selectedTask(this.#runs, this.#ui)
    const step = selected === null ? 0 : shownStep(selected, this.#ui).step
    const lineCount = this.#shownLog()?.lineCount ?? 0
    const activity = this.#drawActivity()
    return {
      layout,
      header: drawHeader(this.#runs, size.columns, now, this.#paint),
      list: drawTaskList(
        this.#runs,
        this.#ui,
        { columns: layout.listColumns, rows: layout.listRows },
        now,
        this.#paint,
      ),
      title: drawLogTitle(selected, { step, top: this.#ui.top, lineCount }, layout.logColumns, this.#paint),
      log: lines,
      activity: activity?.lines ?? null,
      footer: drawFooter(
        this.#ui,
        {
          keys: this.#options.keys,
          message: this.#message,
          isPaused: selected?.task.paused != null,
          activityLeft: activity?.left ?? 0,
        },
        size.columns,
        this.#paint,
      ),
    }
  }

  #drawActivity(): ReturnType<typeof drawActivity> | null {
    const { columns, rows } = this.#size
    return this.#ui.activity === null ? null : drawActivity(this.#ui.activity, { columns, rows: bodyRows(rows) })
  }

  /** The title takes one row. */
  #logRows(): number {
    return Math.max(0, layOut(this.#size, this.#runs).logRows - 1)
  }

  #place(): StepPlace | null {
    const selected = selectedTask(this.#runs, this.#ui)
    return selected === null ? null : shownStep(selected, this.#ui)
  }

  #shownLog(): StepLog | null {
    const place = this.#place()
    return place === null ? null : this.#logs.get(place)
  }

  #visibleLines(): readonly string[] {
    const [place, log, rows] = [this.#place(), this.#shownLog(), this.#logRows()]
    if (place === null || log === null) return []
    const from = this.#ui.top ?? Math.max(0, log.lineCount - rows)
    const lines = log.lines(from, rows)
    if (lines !== null) return lines
    if (this.#options.readLog === null) return ['older lines are no longer in memory']
    this.#load(log, place, from)
    return ['reading …']
  }

  #load(log: StepLog, place: StepPlace, from: number): void {
    const { readLog } = this.#options
    if (this.#loading === log || readLog === null) return
    this.#loading = log
    log
      .load(from, (range) => readLog(place, range))
      .catch((error: unknown) => {
        this.#message = `the log cannot be read back: ${error instanceof Error ? error.message : String(error)}`
        this.#ui = { ...this.#ui, top: null }
      })
      .finally(() => {
        this.#loading = null
        this.#options.onChange()
      })
  }

  /** Goes line by line away from what is shown, reading back where it must; the next key ends it. */
  async #find(query: string, direction: 1 | -1): Promise<void> {
    const [place, log] = [this.#place(), this.#shownLog()]
    if (place === null || log === null) return
    const search = new AbortController()
    this.#search = search
    this.#message = `searching ${query}`
    const found = await this.#scan(log, place, { query: query.toLowerCase(), direction, signal: search.signal }).catch(
      () => null,
    )
    if (search.signal.aborted) return
    this.#message = found === null ? `${query} was not found` : ''
    if (found !== null) this.#ui = { ...this.#ui, pinned: true, top: found }
    this.#options.onChange()
  }

  async #scan(
    log: StepLog,
    place: StepPlace,
    search: { query: string; direction: 1 | -1; signal: AbortSignal },
  ): Promise<number | null> {
    const { readLog } = this.#options
    const { query, direction, signal } = search
    let line = this.#ui.top === null ? log.lineCount - 1 : this.#ui.top + direction
    for (let steps = 1; line >= 0 && line < log.lineCount && !signal.aborted; line += direction, steps += 1) {
      if (steps % searchLines === 0) await new Promise((resolve) => setImmediate(resolve))
      let [text] = log.lines(line, 1) ?? []
      if (text === undefined) {
        if (readLog === null) return null
        // Going back, a page is read from its beginning, so that the lines before are at hand.
        await log.load(direction < 0 ? Math.max(0, line - 1000) : line, (range) => readLog(place, range))
        text = (log.lines(line, 1) ?? [])[0]
        if (text === undefined) {
          await log.load(line, (range) => readLog(place, range))
          text = (log.lines(line, 1) ?? [])[0]
        }
        if (text === undefined) return null
      }
      if (text.toLowerCase().includes(query)) return line
    }
    return null
  }
}
