import type { RunTaskId } from '../../engine/model/ids.ts'
import type { RunView } from '../run-view.ts'
import type { Keys } from './draw-screen.ts'
import { allTasks, type Confirmed, type SelectedTask, selectedTask, shownStep, type UiState } from './ui-state.ts'

/** One key press; `text` is '' for keys that type nothing. */
export interface KeyPress {
  text: string
  name:
    | 'up'
    | 'down'
    | 'left'
    | 'right'
    | 'pageUp'
    | 'pageDown'
    | 'home'
    | 'end'
    | 'enter'
    | 'escape'
    | 'backspace'
    | 'tab'
    | 'ctrl-c'
    | 'ctrl-z'
    | 'ctrl-\\'
    | 'text'
}

/** What a key asks of others than the screen. */
export type Action =
  | { type: 'approve'; run: number; task: string }
  | { type: 'stop' | 'restart' | 'quit'; run: number }
  /** About a paused task, by its id. */
  | { type: 'shell' | 'retry' | 'skip' | 'continue'; run: number; task: RunTaskId }
  | { type: 'interrupt' }
  | { type: 'suspend' }
  /** Say what goes on. */
  | { type: 'describe' }
  | { type: 'search'; query: string; direction: 1 | -1 }

export interface KeyContext {
  runs: readonly RunView[]
  /** Lines of the log that is shown, and how many fit. */
  lineCount: number
  pageLines: number
  /** What goes on takes more pages than those that were shown. */
  hasMoreActivity: boolean
  /** Which keys that act on runs are offered. */
  keys: Keys
}

export interface KeyResult {
  ui: UiState
  action: Action | null
}

/** What a key does. Pure: the caller carries out the action. */
export function pressKey(ui: UiState, key: KeyPress, context: KeyContext): KeyResult {
  if (key.name === 'ctrl-c') return { ui, action: { type: 'interrupt' } }
  if (key.name === 'ctrl-z') return { ui, action: { type: 'suspend' } }
  if (key.name === 'ctrl-\\') return { ui, action: { type: 'describe' } }
  if (ui.activity !== null) return only(turnPage(ui, key, context))
  if (ui.help) return only({ ...ui, help: false })
  if (ui.confirm !== null) return answer(ui, key, context)
  if (ui.typing !== null) return type(ui, ui.typing, key)
  switch (key.name) {
    case 'up':
      return only(moveSelection(ui, -1, context))
    case 'down':
      return only(moveSelection(ui, 1, context))
    case 'left':
      return only(moveStep(ui, -1, context))
    case 'right':
      return only(moveStep(ui, 1, context))
    case 'pageUp':
      return only(scroll(ui, -context.pageLines, context))
    case 'pageDown':
      return only(scroll(ui, context.pageLines, context))
    case 'home':
      return only({ ...ui, top: 0 })
    case 'end':
      return only({ ...ui, top: null })
    case 'escape':
      return only({ ...ui, query: '', step: null, top: null, pinned: false })
    case 'text':
      return pressLetter(ui, key.text, context)
    default:
      return only(ui)
  }
}

function pressLetter(ui: UiState, letter: string, context: KeyContext): KeyResult {
  const selected = selectedTask(context.runs, ui)
  const { keys } = context
  switch (letter) {
    case 'k':
      return only(scroll(ui, -1, context))
    case 'j':
      return only(scroll(ui, 1, context))
    case 'g':
      return only({ ...ui, top: 0 })
    case 'G':
    case 'f':
      return only({ ...ui, top: null })
    case ' ':
      return only(scroll(ui, context.pageLines, context))
    case '/':
      return only({ ...ui, typing: '' })
    case 'n':
    case 'N':
      if (ui.query === '') return only(ui)
      return { ui, action: { type: 'search', query: ui.query, direction: letter === 'n' ? 1 : -1 } }
    case '?':
    case 'h':
      return only({ ...ui, help: true })
    case 's':
      return only(ask(ui, keys.stop ? 'stop' : null))
    case 'r':
      return only(ask(ui, keys.restart ? 'restart' : null))
    case 'q':
      return only(ask(ui, keys.quit ? 'quit' : keys.stop ? 'stop' : null))
    case 'a':
      return keys.approve && selected !== null ? pressApprove(ui, selected, context) : only(ui)
    default:
      return keys.pauses && selected !== null && selected.task.paused !== null
        ? pressPaused(ui, letter, selected)
        : only(ui)
  }
}

/** Any key shows the next page or closes the last one. */
function turnPage(ui: UiState, key: KeyPress, { hasMoreActivity }: KeyContext): UiState {
  const { activity } = ui
  const goesOn = activity !== null && hasMoreActivity && key.name !== 'escape'
  return { ...ui, activity: goesOn ? { ...activity, page: activity.page + 1 } : null }
}

/** Where another task waits than the selected one, it is looked at first. */
function pressApprove(ui: UiState, { run, task }: SelectedTask, { runs }: KeyContext): KeyResult {
  if (task.waitingApproval) return { ui, action: { type: 'approve', run: run.number, task: task.name } }
  const waiting = allTasks(runs).find((each) => each.task.waitingApproval)
  if (waiting === undefined) return only(ui)
  const selected = { run: waiting.run.number, task: waiting.task.id }
  return only({ ...ui, pinned: true, selected, step: null, top: null })
}

/** Keys for the selected task, which is paused. */
function pressPaused(ui: UiState, letter: string, { run, task }: SelectedTask): KeyResult {
  const place = { run: run.number, task: task.id }
  switch (letter) {
    case 'x':
      return { ui, action: { type: 'shell', ...place } }
    case 't':
      return { ui, action: { type: 'retry', ...place } }
    case 'p':
      return only(ask(ui, 'skip'))
    case 'c':
      return only(ask(ui, 'continue'))
    default:
      return only(ui)
  }
}

/** The selection stays where it is until the answer. */
function ask(ui: UiState, confirm: Confirmed | null): UiState {
  return confirm === null ? ui : { ...ui, confirm, pinned: true }
}

function answer(ui: UiState, key: KeyPress, context: KeyContext): KeyResult {
  const asked = { ...ui, confirm: null }
  const selected = selectedTask(context.runs, ui)
  const run = selected?.run ?? context.runs.at(-1)
  if (ui.confirm === null || run === undefined || key.text.toLowerCase() !== 'y') return only(asked)
  if (ui.confirm !== 'skip' && ui.confirm !== 'continue')
    return { ui: asked, action: { type: ui.confirm, run: run.number } }
  if (selected === null) return only(asked)
  return { ui: asked, action: { type: ui.confirm, run: run.number, task: selected.task.id } }
}

function type(ui: UiState, typing: string, key: KeyPress): KeyResult {
  if (key.name === 'escape') return only({ ...ui, typing: null })
  if (key.name === 'backspace') return only({ ...ui, typing: typing === '' ? null : [...typing].slice(0, -1).join('') })
  if (key.name === 'text') return only({ ...ui, typing: typing + key.text })
  if (key.name !== 'enter') return only(ui)
  const query = typing === '' ? ui.query : typing
  const next = { ...ui, typing: null, query }
  return query === '' ? only(next) : { ui: next, action: { type: 'search', query, direction: -1 } }
}

function moveSelection(ui: UiState, by: number, context: KeyContext): UiState {
  const tasks = allTasks(context.runs)
  const current = tasks.findIndex(({ run, task }) => run.number === ui.selected?.run && task.id === ui.selected.task)
  const next = tasks[Math.max(0, Math.min(tasks.length - 1, current + by))]
  if (next === undefined) return ui
  return { ...ui, pinned: true, selected: { run: next.run.number, task: next.task.id }, step: null, top: null }
}

function moveStep(ui: UiState, by: number, context: KeyContext): UiState {
  const selected = selectedTask(context.runs, ui)
  if (selected === null) return ui
  const step = shownStep(selected, ui).step + by
  return { ...ui, pinned: true, top: null, step: Math.max(-1, Math.min(selected.task.steps.length - 1, step)) }
}

/** Scrolling past the end follows the log again. */
function scroll(ui: UiState, by: number, context: KeyContext): UiState {
  const last = Math.max(0, context.lineCount - context.pageLines)
  const top = Math.max(0, (ui.top ?? last) + by)
  return { ...ui, pinned: true, top: top >= last && by > 0 ? null : Math.min(top, last) }
}

function only(ui: UiState): KeyResult {
  return { ui, action: null }
}
