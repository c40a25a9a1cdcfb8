import { approversOf } from '../engine/model/approvers.ts'
import type { Run, RunTask, RunTaskStep } from '../engine/model/run.ts'
import type { RunConfig, RunConfigTask } from '../engine/model/run-config.ts'
import { cleanName } from './clean-text.ts'
import { createPaint, type Paint } from './colour.ts'
import { formatDuration } from './format-duration.ts'
import { timeText } from './run-list.ts'
import { mark } from './summary.ts'
import { padEnd, textWidth } from './text-width.ts'

interface Details {
  run: Run
  runConfig: RunConfig
}

/** One task of a run, with all of its steps and what it depends on; '' when the run has no such task. */
export function taskDetailsText(
  { run, runConfig }: Details,
  taskId: string,
  { color, now }: { color: boolean; now: number },
): string {
  const task = run.tasks[taskId]
  const config = runConfig.tasks[taskId]
  if (task === undefined || config === undefined) return ''
  const paint = createPaint(color)
  const lines = [
    `${mark(task.status, paint)} ${paint('bold', cleanName(config.name))} of run ${run.counter} ${cleanName(run.name)}  ${task.timedout ? 'timed out' : task.status}`,
    ...factsOf(task, config, runConfig, now).map(([what, text]) => `  ${padEnd(what, 9)}  ${text}`),
    ...(task.failError === '' ? [] : [`  ${paint('red', cleanName(task.failError))}`]),
    ...stepLines(task, config, paint, now),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

type Fact = readonly [what: string, text: string]

function factsOf(task: RunTask, config: RunConfigTask, { tasks }: RunConfig, now: number): Fact[] {
  const depends = Object.values(config.depends).map(
    ({ taskId, conditions }) => `${cleanName(tasks[taskId]?.name ?? taskId)} (${conditions.join(', ')})`,
  )
  const approval = approvalText(task, config)
  const { paused } = task
  return [
    ...(depends.length === 0 ? [] : [['after', depends.join(', ')] as const]),
    ...(approval === '' ? [] : [['approval', approval] as const]),
    ['started', timeText(task.startTime) ?? 'not yet'],
    ...(task.endTime === null ? [] : [['ended', timeText(task.endTime) ?? ''] as const]),
    ...(task.startTime === null ? [] : [['duration', durationText(task, now)] as const]),
    ...(paused === undefined
      ? []
      : [['paused', `at step ${paused.step}, until ${timeText(paused.until) ?? ''}`] as const]),
  ]
}

function approvalText(task: RunTask, { needsApproval }: RunConfigTask): string {
  const approvers = approversOf(task).map(cleanName).join(', ')
  const by = approvers === '' ? '' : ` by ${approvers}`
  if (task.approved) return `approved${by}`
  if (task.waitingApproval) return approvers === '' ? 'waited for' : `waited for, approved${by} so far`
  return needsApproval ? 'needed' : ''
}

/** All steps, those that have not begun included. */
function stepLines(task: RunTask, config: RunConfigTask, paint: Paint, now: number): string[] {
  const steps = config.steps.map((step, index) => ({
    index: String(index),
    name: cleanName(step.name === '' ? step.type : step.name),
    state: task.steps[index],
  }))
  const rows = [{ index: ' ', name: 'setup', state: task.setupStep }, ...steps]
  const width = (column: 'index' | 'name') => Math.max(...rows.map((row) => textWidth(row[column])))
  return rows.map(({ index, name, state }) => {
    const head = `    ${padEnd(index, width('index'))}  ${padEnd(name, width('name'))}  `
    return `${head}${stateText(state, paint, now)}`
  })
}

function stateText(state: RunTaskStep | undefined, paint: Paint, now: number): string {
  if (state === undefined || state.phase === 'notstarted') return paint('grey', 'not started')
  const exit = state.exitStatus === null ? '' : `, exit code ${state.exitStatus}`
  const time = state.startTime === null ? '' : `  ${durationText(state, now)}  from ${timeText(state.startTime) ?? ''}`
  return `${state.phase}${exit}${time}`
}

function durationText({ startTime, endTime }: Pick<RunTaskStep, 'startTime' | 'endTime'>, now: number): string {
  return formatDuration(Math.max(0, (endTime ?? now) - (startTime ?? now)))
}
