import type { RunActivity, TaskPlace } from '../engine/model/activity.ts'
import type { TimeMs } from '../engine/model/ids.ts'
import { isTaskFinished, type RunTask, type TaskPause } from '../engine/model/run.ts'
import type { RunConfigTask } from '../engine/model/run-config.ts'
import { cleanName } from './clean-text.ts'
import { formatDuration } from './format-duration.ts'
import { shellWord } from './shell-word.ts'

/** What goes on, for a person who asks (spec/local-runs.md 9, SIGQUIT): each run with its tasks that do something or wait for somebody. */
export function activityLines(activities: readonly RunActivity[], now: TimeMs): string[] {
  return activities.flatMap((activity) => [runLine(activity, now), ...taskLines(activity, now)])
}

function runLine({ run }: RunActivity, now: TimeMs): string {
  const head = `run ${run.counter} ${cleanName(run.name)}`
  if (run.startTime === null) return `${head}: ${run.phase}`
  const tasks = Object.values(run.tasks)
  const over = tasks.filter(({ status }) => isTaskFinished(status)).length
  return `${head}: ${run.stop ? 'stopping, ' : ''}running for ${since(run.startTime, now)}, ${over} of ${tasks.length} tasks over`
}

function taskLines({ run, runConfig, places }: RunActivity, now: TimeMs): string[] {
  const configs = Object.values(runConfig.tasks).sort((a, b) => a.level - b.level)
  return configs.flatMap((config) => {
    const task = run.tasks[config.id]
    if (task === undefined || isTaskFinished(task.status)) return []
    const place = places.find(({ runTaskId }) => runTaskId === config.id)
    const text = taskText({ task, config, place, now, number: run.counter })
    if (text === null) return []
    const entrance = place?.entrance ?? null
    return [
      `  ${cleanName(config.name)}: ${text}`,
      ...(entrance === null ? [] : [`    look into it with: ${entrance}`]),
    ]
  })
}

interface Shown {
  task: RunTask
  config: RunConfigTask
  place: TaskPlace | undefined
  now: TimeMs
  /** Of the run. */
  number: number
}

/** null: it waits for other tasks. */
function taskText({ task, config, place, now, number }: Shown): string | null {
  if (task.waitingApproval)
    return `waits for approval: agola directrun approve ${number} ${shellWord(cleanName(config.name))}`
  if (task.status === 'notstarted') return place?.isWaiting ? 'waits for a free place' : null
  const running = `running for ${since(task.startTime, now)}`
  if (task.paused !== undefined) return `${running}, ${pauseText(task.paused, config, now)}`
  if (task.setupStep.phase === 'running') {
    const message = cleanName(place?.setUpMessage ?? '')
    return `set-up for ${since(task.setupStep.startTime, now)}${message === '' ? '' : `: ${message}`}`
  }
  const index = task.steps.findIndex(({ phase }) => phase === 'running')
  const step = task.steps[index]
  if (step === undefined) return running
  return `${running}, step ${stepName(config, index)} for ${since(step.startTime, now)}`
}

function pauseText({ step, exitStatus, since: begin, until }: TaskPause, config: RunConfigTask, now: TimeMs): string {
  const code = exitStatus === null ? '' : ` with exit code ${exitStatus}`
  const left = formatDuration(Math.max(0, until - now))
  return `step ${stepName(config, step)} failed${code} and is paused for ${since(begin, now)}, ${left} are left`
}

/** `2 (make)`, with the index that `logs --step` takes. */
function stepName({ steps }: RunConfigTask, index: number): string {
  const step = steps[index]
  return step === undefined ? String(index) : `${index} (${cleanName(step.name === '' ? step.type : step.name)})`
}

function since(time: TimeMs | null, now: TimeMs): string {
  return formatDuration(Math.max(0, now - (time ?? now)))
}
