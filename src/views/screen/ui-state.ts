import type { RunView, TaskView } from '../run-view.ts'
import type { StepPlace } from './step-logs.ts'

/** What a person has chosen to look at. */
export interface UiState {
  /** null until the first task exists. */
  selected: { run: number; task: string } | null
  /** The person has moved the selection, so it stays where it is. */
  pinned: boolean
  /** Index of the step whose log is shown; null: the current one. */
  step: number | null
  /** First line shown; null: the newest lines. */
  top: number | null
  /** What is being typed behind `/`; null: nothing. */
  typing: string | null
  query: string
  help: boolean
  /** What goes on, as it was when somebody asked; `page` counts from 0. null: it is not shown. */
  activity: { lines: readonly string[]; page: number } | null
  /** A question that waits for y or n. */
  confirm: Confirmed | null
}

/** What is done only after a yes. The last two are about the selected task, which is paused. */
export type Confirmed = 'stop' | 'restart' | 'quit' | 'skip' | 'continue'

export const initialUi: UiState = {
  selected: null,
  pinned: false,
  step: null,
  top: null,
  typing: null,
  query: '',
  help: false,
  activity: null,
  confirm: null,
}

export interface SelectedTask {
  run: RunView
  task: TaskView
}

export function allTasks(runs: readonly RunView[]): SelectedTask[] {
  return runs.flatMap((run) => run.tasks.map((task) => ({ run, task })))
}

export function selectedTask(runs: readonly RunView[], ui: UiState): SelectedTask | null {
  const { selected } = ui
  if (selected === null) return null
  return allTasks(runs).find(({ run, task }) => run.number === selected.run && task.id === selected.task) ?? null
}

/** The step whose log is shown: the chosen one, else the one that runs or failed, else the last that ran. */
export function shownStep({ run, task }: SelectedTask, ui: UiState): StepPlace {
  const steps = [task.setup, ...task.steps]
  const begun = steps.filter((step) => step.phase !== 'notstarted')
  const active = begun.find((step) => step.phase === 'running') ?? begun.find((step) => step.phase === 'failed')
  const step = ui.step ?? (active ?? begun.at(-1) ?? task.setup).index
  return { run: run.number, task: task.id, step }
}

/** Where to look while the person has not chosen: at a task that is paused, then at one that waits for approval or runs, then at one
 *  that failed. What is shown stays as long as it is one of these, unless another one is paused. */
export function autoSelect(runs: readonly RunView[], ui: UiState): UiState {
  if (ui.pinned) return ui
  const tasks = allTasks(runs)
  const current = selectedTask(runs, ui)
  const paused = tasks.find(({ task }) => task.paused !== null)
  const isActive = current !== null && (current.task.status === 'running' || current.task.waitingApproval)
  if (isActive && (paused === undefined || current.task.paused !== null)) return ui
  const next =
    paused ??
    tasks.find(({ task }) => task.status === 'running') ??
    tasks.find(({ task }) => task.waitingApproval) ??
    tasks.find(({ task }) => task.status === 'failed') ??
    current ??
    tasks[0]
  if (next === undefined) return ui
  const selected = { run: next.run.number, task: next.task.id }
  const same = ui.selected?.run === selected.run && ui.selected.task === selected.task
  return same ? ui : { ...ui, selected, step: null, top: null }
}
