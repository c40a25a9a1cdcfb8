import { cleanName } from '../../clean-text.ts'
import type { TaskView } from '../../run-view.ts'

/** Where a task stands in the page: `12/build`. Readable, because people send each other links to it. */
export function taskAnchor(run: number, { name }: Pick<TaskView, 'name'>): string {
  return `${run}/${encodeURIComponent(cleanName(name).toWellFormed())}`
}

/** Where a step stands: `12/build/0`; −1 is the set-up. */
export function stepAnchor(run: number, task: Pick<TaskView, 'name'>, index: number): string {
  return `${taskAnchor(run, task)}/${index < 0 ? 'setup' : index}`
}
