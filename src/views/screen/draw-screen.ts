import { cleanName } from '../clean-text.ts'
import type { Paint } from '../colour.ts'
import { formatDuration } from '../format-duration.ts'
import { currentStep, type RunView, type TaskView } from '../run-view.ts'
import { mark } from '../summary.ts'
import { padEnd, textWidth, truncate } from '../text-width.ts'
import { fitLine } from './fit-line.ts'
import { allTasks, type Confirmed, type SelectedTask, type UiState } from './ui-state.ts'
import { wrapLine } from './wrap-line.ts'

export interface ScreenSize {
  columns: number
  rows: number
}

/** Where the parts of the screen lie. In a narrow terminal the log stands below the list. */
export interface ScreenLayout {
  sideBySide: boolean
  listColumns: number
  listRows: number
  logColumns: number
  logRows: number
}

const sideBySideColumnsMin = 60
const listColumnsMax = 48

/** Between the first row and the last one that is drawn on. */
export function bodyRows(rows: number): number {
  return Math.max(0, rows - 3)
}

export function layOut(size: ScreenSize, runs: readonly RunView[]): ScreenLayout {
  const body = bodyRows(size.rows)
  const rows = listRowsOf(runs)
  if (size.columns < sideBySideColumnsMin) {
    const listRows = Math.min(rows.length, Math.floor(body / 3))
    return {
      sideBySide: false,
      listColumns: size.columns,
      listRows,
      logColumns: size.columns,
      logRows: Math.max(0, body - listRows),
    }
  }
  const longest = Math.max(
    12,
    ...rows.map((row) => (row.task === null ? 0 : row.indent + textWidth(cleanName(row.task.name)))),
  )
  const listColumns = Math.min(longest + 16, listColumnsMax, Math.floor(size.columns * 0.4))
  return { sideBySide: true, listColumns, listRows: body, logColumns: size.columns - listColumns - 1, logRows: body }
}

/** One line about all runs: how far they are and what went wrong. */
export function drawHeader(runs: readonly RunView[], columns: number, now: number, paint: Paint): string {
  const run = runs.at(-1)
  if (run === undefined) return fitLine('preparing', columns)
  const tasks = allTasks(runs).map(({ task }) => task)
  const count = (statuses: readonly string[]) => tasks.filter((task) => statuses.includes(task.status)).length
  const word = run.phase === 'finished' ? run.result : run.phase
  const duration = formatDuration(run.durationMs ?? now - run.createdAt)
  const done = count(['success', 'failed', 'stopped', 'skipped', 'cancelled'])
  const parts = [
    paint('bold', `run ${run.number} ${cleanName(run.name)}`),
    `${word} ${duration}`,
    `${done}/${tasks.length} done`,
    count(['running']) > 0 ? paint('cyan', `${count(['running'])} running`) : '',
    count(['failed']) > 0 ? paint('red', `${count(['failed'])} failed`) : '',
    tasks.some((task) => task.waitingApproval) ? paint('yellow', 'approval needed') : '',
    tasks.some((task) => task.paused !== null) ? paint('yellow', 'paused') : '',
  ]
  return fitLine(parts.filter((part) => part !== '').join('  '), columns)
}

interface ListRow {
  run: RunView
  /** null: the heading of the run. */
  task: TaskView | null
  indent: number
}

const indentMax = 12
/** In a narrower list the names need the room. */
const durationColumnsMin = 20

function listRowsOf(runs: readonly RunView[]): ListRow[] {
  return runs.flatMap((run): ListRow[] => {
    const heading = runs.length > 1 ? [{ run, task: null, indent: 0 }] : []
    return [...heading, ...run.tasks.map((task) => ({ run, task, indent: Math.min(indentMax, task.level * 2) }))]
  })
}

/** The tasks, indented by their level in the graph, scrolled so that the selected one is seen. */
export function drawTaskList(
  runs: readonly RunView[],
  ui: UiState,
  area: { columns: number; rows: number },
  now: number,
  paint: Paint,
): string[] {
  const rows = listRowsOf(runs)
  const isSelected = (row: ListRow) => row.run.number === ui.selected?.run && row.task?.id === ui.selected.task
  const selected = Math.max(0, rows.findIndex(isSelected))
  const top = Math.max(0, Math.min(selected - Math.floor(area.rows / 2), rows.length - area.rows))
  return rows.slice(top, top + area.rows).map((row) => {
    if (row.task === null)
      return paint('bold', truncate(`run ${row.run.number} ${cleanName(row.run.name)}`, area.columns))
    return drawTaskRow(row.task, { indent: row.indent, selected: isSelected(row), columns: area.columns, now }, paint)
  })
}

function drawTaskRow(
  task: TaskView,
  row: { indent: number; selected: boolean; columns: number; now: number },
  paint: Paint,
): string {
  const duration = row.columns < durationColumnsMin ? '' : taskDuration(task, row.now)
  const step = task.status === 'running' ? currentStep(task) : null
  const room = Math.max(1, row.columns - row.indent - 4 - textWidth(duration))
  const name = truncate(cleanName(task.name), room)
  const doing = step === null ? '' : ` ${task.paused === null ? cleanName(step.name) : 'paused'}`
  const detail = task.waitingApproval ? ' approve?' : doing
  const rest = truncate(detail, Math.max(0, room - textWidth(name)))
  const asks = task.waitingApproval || task.paused !== null
  const sign = asks ? paint('yellow', '?') : mark(task.status, paint)
  const gap = ' '.repeat(Math.max(0, room - textWidth(name) - textWidth(rest)))
  const text = `${row.selected ? paint('bold', name) : name}${paint('grey', rest)}`
  return `${row.selected ? paint('cyan', '▌') : ' '}${' '.repeat(row.indent)}${sign} ${text}${gap} ${paint('grey', duration)}`
}

function taskDuration(task: TaskView, now: number): string {
  if (task.status === 'skipped' || task.status === 'cancelled') return ''
  if (task.durationMs !== null) return formatDuration(task.durationMs)
  return task.startedAt === null ? '' : formatDuration(now - task.startedAt)
}

/** Above the log: which task and step it belongs to, and how the task hangs together with others. */
export function drawLogTitle(
  selected: SelectedTask | null,
  log: { step: number; top: number | null; lineCount: number },
  columns: number,
  paint: Paint,
): string {
  if (selected === null) return ''
  const { run, task } = selected
  const step = log.step < 0 ? task.setup : task.steps[log.step]
  const names = (ids: readonly string[]) =>
    ids.map((id) => cleanName(run.tasks.find((each) => each.id === id)?.name ?? id))
  const needs = names(task.depends.map((depend) => depend.id))
  const neededBy = names(
    run.tasks.filter((each) => each.depends.some((depend) => depend.id === task.id)).map((each) => each.id),
  )
  const position = log.top === null ? 'following' : `line ${log.top + 1} of ${log.lineCount}`
  const parts = [
    `${paint('bold', cleanName(task.name))} › ${cleanName(step?.name ?? '')} ${paint('grey', step?.phase ?? '')}`,
    paint('grey', position),
    needs.length === 0 ? '' : paint('grey', `needs ${needs.join(', ')}`),
    neededBy.length === 0 ? '' : paint('grey', `needed by ${neededBy.join(', ')}`),
  ]
  return fitLine(parts.filter((part) => part !== '').join('  '), columns)
}

/** The lines of the log that is looked at, what is searched for shown in reverse. */
export function drawLog(lines: readonly string[], query: string, area: { columns: number; rows: number }): string[] {
  return lines.slice(0, area.rows).map((line) => fitLine(query === '' ? line : highlight(line, query), area.columns))
}

function highlight(line: string, query: string): string {
  const plain = line.replace(/\x1b\[[0-9;:]*m/g, '')
  const at = plain.toLowerCase().indexOf(query.toLowerCase())
  if (at < 0) return line
  return `${plain.slice(0, at)}\x1b[7m${plain.slice(at, at + query.length)}\x1b[27m${plain.slice(at + query.length)}`
}

export interface Keys {
  approve: boolean
  /** Decisions about paused tasks, and a shell in them. */
  pauses: boolean
  restart: boolean
  stop: boolean
  /** Rounds go on after this run: a key ends that. */
  quit: boolean
}

const questions: Record<Confirmed, string> = {
  stop: 'stop this run?',
  restart: 'restart this run?',
  quit: 'stop this run and quit?',
  skip: 'go on as if the step had succeeded?',
  continue: 'let the failure stand?',
}

export interface FooterFacts {
  keys: Keys
  message: string
  /** The selected task. */
  isPaused: boolean
  /** Lines of what goes on below those that are shown. */
  activityLeft: number
}

/** What can be pressed, or what is being asked. */
export function drawFooter(
  ui: UiState,
  { keys, message, isPaused, activityLeft }: FooterFacts,
  columns: number,
  paint: Paint,
): string {
  if (ui.activity !== null)
    return fitLine(message === '' ? activityFooter(activityLeft) : paint('yellow', message), columns)
  if (ui.typing !== null) return fitLine(`search: ${ui.typing}▏`, columns)
  if (ui.confirm !== null) return fitLine(paint('yellow', `${questions[ui.confirm]} y/n`), columns)
  if (message !== '') return fitLine(paint('yellow', message), columns)
  if (isPaused && keys.pauses)
    return fitLine(paint('yellow', 't try again  x shell  p skip  c let it fail  ? help'), columns)
  const parts = [
    '↑↓ task',
    '←→ step',
    'PgUp PgDn scroll',
    '/ search',
    'f follow',
    keys.approve ? 'a approve' : '',
    keys.stop ? 's stop' : '',
    keys.restart ? 'r restart' : '',
    keys.quit ? 'q quit' : '',
    '? help',
  ]
  return paint('grey', truncate(parts.filter((part) => part !== '').join('  '), columns))
}

function activityFooter(left: number): string {
  const next = left === 0 ? 'Any key closes this.' : `${left} more: any key shows them, Esc closes this.`
  return `${next}  Ctrl-\\ asks again`
}

/** What goes on, over the whole width, a page of it; `left` are the lines on later pages. What is not cut here can be copied. */
export function drawActivity(
  { lines, page }: NonNullable<UiState['activity']>,
  area: { columns: number; rows: number },
): { lines: string[]; left: number } {
  const all = lines.flatMap((line) => wrapLine(line, area.columns))
  const rows = Math.max(1, area.rows)
  // A terminal that has grown has fewer pages.
  const first = Math.min(page, Math.ceil(all.length / rows) - 1) * rows
  return { lines: all.slice(first, first + area.rows), left: Math.max(0, all.length - first - rows) }
}

const pausedHelp: [string, string][] = [
  ['t', 'paused: take over edited files, try again'],
  ['x', 'paused: a shell where the step failed'],
  ['p', 'paused: go on as if it had succeeded'],
  ['c', 'paused: let the failure stand'],
]

export function drawHelp(keys: Keys, area: { columns: number; rows: number }): string[] {
  const lines: [string, string][] = [
    ['↑ ↓', 'choose a task'],
    ['← →', 'choose a step of it'],
    ['PgUp PgDn, j k', 'scroll the log'],
    ['g G', 'first lines, newest lines'],
    ['f', 'follow the newest lines'],
    ['/ n N', 'search, next match, match before'],
    ...(keys.approve ? ([['a', 'approve the task']] as [string, string][]) : []),
    ...(keys.stop ? ([['s', 'stop the run']] as [string, string][]) : []),
    ...(keys.restart ? ([['r', 'restart the run']] as [string, string][]) : []),
    ...(keys.quit ? ([['q', 'stop the run and quit']] as [string, string][]) : []),
    ...(keys.pauses ? pausedHelp : []),
    ['Esc', 'look at what runs again'],
    ['Ctrl-\\', 'say what goes on'],
    ['Ctrl-C', 'stop; a second time kill'],
  ]
  const rows = lines.map(([key, what]) => `  ${padEnd(key, 16)}${what}`)
  return ['', ...rows, '', '  Any key closes this.'].slice(0, area.rows).map((row) => truncate(row, area.columns))
}
