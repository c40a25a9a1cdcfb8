import { approversOf } from '../engine/model/approvers.ts'
import type { Run, RunTask, RunTaskStep } from '../engine/model/run.ts'
import type { RunConfig, RunConfigTask } from '../engine/model/run-config.ts'
import { cleanName } from './clean-text.ts'
import { createPaint, type Paint } from './colour.ts'
import { formatDuration } from './format-duration.ts'
import { stateColour, stateOf, timeText } from './run-list.ts'
import { mark } from './summary.ts'

interface Details {
  run: Run
  runConfig: RunConfig
  pinned?: boolean
}

/** One run with its tasks and steps. */
export function runDetailsText(
  { run, runConfig, pinned }: Details,
  { color, now }: { color: boolean; now: number },
): string {
  const paint = createPaint(color)
  const state = stateOf(run)
  const { ref = '', commit_sha: commit = '' } = run.annotations
  const facts = [
    `${paint('bold', `run ${run.counter} ${cleanName(run.name)}`)}  ${paint(stateColour(state), state)}`,
    `  ref       ${cleanName(ref)}`,
    ...(commit === '' ? [] : [`  commit    ${commit}`]),
    ...(pinned === true ? ['  pinned    kept until it is unpinned'] : []),
    `  started   ${timeText(run.startTime) ?? 'not yet'}`,
    ...(run.startTime === null
      ? []
      : [`  duration  ${formatDuration(Math.max(0, (run.endTime ?? now) - run.startTime))}`]),
    ...runConfig.setupErrors.map((error) => `  ${paint('red', error)}`),
  ]
  const tasks = tasksOf({ run, runConfig }).flatMap(({ task, config }) => taskLines(task, config, paint))
  return [...facts, ...tasks].map((line) => `${line}\n`).join('')
}

/** The same as one object, with one task only where that is named. */
export function runDetailsJson({ run, runConfig, pinned = false }: Details, taskId?: string): string {
  const shown = tasksOf({ run, runConfig }).filter(({ task }) => taskId === undefined || task.id === taskId)
  const tasks = shown.map(({ task, config }) => ({
    name: config.name,
    id: task.id,
    level: config.level,
    depends: Object.values(config.depends).map(({ taskId, conditions }) => ({
      task: runConfig.tasks[taskId]?.name ?? taskId,
      conditions,
    })),
    status: task.status,
    timedout: task.timedout,
    waiting_approval: task.waitingApproval,
    approved: task.approved,
    approvers: approversOf(task),
    paused: pauseJson(task),
    annotations: task.annotations,
    fail_error: task.failError,
    start_time: timeText(task.startTime),
    end_time: timeText(task.endTime),
    setup: stepJson(task.setupStep),
    steps: config.steps.map((step, index) => ({
      name: step.name === '' ? step.type : step.name,
      type: step.type,
      ...stepJson(task.steps[index] ?? noStep),
    })),
  }))
  const { counter, name, phase, result, group, annotations } = run
  const times = {
    enqueue_time: timeText(run.enqueueTime),
    start_time: timeText(run.startTime),
    end_time: timeText(run.endTime),
  }
  return `${JSON.stringify({ number: counter, name, phase, result, pinned, group, annotations, setup_errors: runConfig.setupErrors, ...times, tasks })}\n`
}

const noStep: RunTaskStep = {
  phase: 'notstarted',
  logPhase: 'notstarted',
  exitStatus: null,
  startTime: null,
  endTime: null,
}

function tasksOf({ run, runConfig }: Details): { task: RunTask; config: RunConfigTask }[] {
  return Object.values(runConfig.tasks)
    .sort((a, b) => a.level - b.level)
    .flatMap((config) => {
      const task = run.tasks[config.id]
      return task === undefined ? [] : [{ task, config }]
    })
}

function taskLines(task: RunTask, config: RunConfigTask, paint: Paint): string[] {
  const notes = [
    task.timedout ? 'timed out' : '',
    task.waitingApproval ? 'waits for approval' : '',
    task.paused === undefined
      ? ''
      : `step ${task.paused.step} failed and is paused until ${timeText(task.paused.until)}`,
    task.failError,
  ].filter((note) => note !== '')
  const head = `  ${mark(task.status, paint)} ${cleanName(config.name)}  ${task.status}${durationText(task)}${notes.length === 0 ? '' : `: ${notes.join(', ')}`}`
  const steps = config.steps.flatMap((step, index) => {
    const state = task.steps[index]
    if (state === undefined || state.phase === 'notstarted') return []
    const exit = state.exitStatus === null || state.exitStatus === 0 ? '' : `, exit code ${state.exitStatus}`
    return [
      `      ${index}  ${cleanName(step.name === '' ? step.type : step.name)}  ${state.phase}${exit}${durationText(state)}`,
    ]
  })
  return [head, ...steps]
}

function durationText({ startTime, endTime }: { startTime: number | null; endTime: number | null }): string {
  return startTime === null || endTime === null ? '' : `  ${formatDuration(Math.max(0, endTime - startTime))}`
}

function pauseJson({ paused }: RunTask): object | null {
  if (paused === undefined) return null
  const { step, exitStatus, since, until } = paused
  return { step, exit_status: exitStatus, since: timeText(since), until: timeText(until) }
}

function stepJson({ phase, exitStatus, startTime, endTime }: RunTaskStep): object {
  return { phase, exit_status: exitStatus, start_time: timeText(startTime), end_time: timeText(endTime) }
}
