import { cleanName } from '../../clean-text.ts'
import { createPaint } from '../../colour.ts'
import { formatDuration } from '../../format-duration.ts'
import { currentStep, type StepView, type TaskView } from '../../run-view.ts'
import { mark } from '../../summary.ts'
import { criticalPath } from '../critical-path.ts'
import { attribute, escapeText } from '../escape-markup.ts'
import { isKept, type ReportRun } from '../report-run.ts'
import { stepAnchor, taskAnchor } from './anchors.ts'
import { renderGraph } from './task-graph.ts'
import { renderTimeline } from './timeline.ts'

/** One run in the page: how it ended, what failed, the graph of its tasks and when each ran. */
export function renderRunSection(run: ReportRun): string {
  const path = criticalPath(run)
  const critical = new Set(path)
  return `<section class="run" id="${run.number}">
<h2><span class="badge ${outcomeOf(run)}">${wordOf(run)}</span> ${escapeText(cleanName(run.name))} <span class="dim">run ${run.number}</span></h2>
<p class="dim">${factsOf(run)}</p>
${failuresOf(run)}
<h3>Tasks</h3>
${renderGraph(run, critical)}
<h3>Timeline</h3>
${pathText(run, path)}
${renderTimeline(run, critical)}
</section>
`
}

/** The class that colours a run. */
export function outcomeOf({ phase, result }: ReportRun): string {
  if (phase === 'setuperror') return 'failed'
  return phase === 'finished' ? result : phase === 'cancelled' ? 'stopped' : 'running'
}

function wordOf({ phase, result }: ReportRun): string {
  if (phase === 'setuperror') return 'set-up error'
  return phase === 'finished' ? result : phase
}

function factsOf(run: ReportRun): string {
  const counts = new Map<string, number>()
  for (const task of run.tasks) counts.set(task.status, (counts.get(task.status) ?? 0) + 1)
  const tasks = [...counts].map(([status, count]) => `${count} ${status === 'notstarted' ? 'not run' : status}`)
  const started = new Date(run.createdAt).toISOString()
  const duration = run.durationMs === null ? '' : ` · took ${formatDuration(run.durationMs)}`
  return `<time datetime="${started}">${started.slice(0, 19).replace('T', ' ')} UTC</time>${duration} · ${tasks.join(', ')}`
}

function failuresOf(run: ReportRun): string {
  const errors = run.setupErrors.map((error) => `<li>${escapeText(error)}</li>`)
  const failed = run.tasks.filter((task) => task.status === 'failed' || task.timedout)
  const items = [...errors, ...failed.map((task) => `<li>${failureOf(run, task)}</li>`)]
  return items.length === 0 ? '' : `<ul class="failures">${items.join('')}</ul>`
}

function failureOf(run: ReportRun, task: TaskView): string {
  const step = currentStep(task)
  const reasons = [
    step?.exitStatus === null || step === null ? '' : `exit code ${step.exitStatus}`,
    task.timedout ? 'timed out' : '',
    task.failError,
  ].filter((reason) => reason !== '')
  const name = [task.name, ...(step === null ? [] : [step.name])].map(cleanName).join(' › ')
  const anchor = step === null ? taskAnchor(run.number, task) : stepAnchor(run.number, task, step.index)
  return `<a href=${attribute(`#${anchor}`)}>${escapeText(name)}</a>${reasons.length === 0 ? '' : `: ${escapeText(reasons.join(', '))}`}`
}

function pathText(run: ReportRun, path: readonly string[]): string {
  if (path.length === 0) return ''
  const names = path.map((id) => run.tasksById.get(id)).filter((task) => task !== undefined)
  const links = names.map(
    (task) => `<a href=${attribute(`#${taskAnchor(run.number, task)}`)}>${escapeText(cleanName(task.name))}</a>`,
  )
  return `<p class="path">Critical path: ${links.join(' → ')}</p>`
}

/** The tasks and steps of a run as a list, from which a log is chosen. */
export function renderStepList(run: ReportRun): string {
  const tasks = run.tasks.map((task) => {
    const steps = [task.setup, ...task.steps].filter((step) => step.index >= 0 || step.startedAt !== null)
    const note = isKept(task) ? 'kept' : durationOf(task)
    return `<li class="task" id=${attribute(taskAnchor(run.number, task))}><span class="row ${task.status}">${sign(task.status)}<b>${escapeText(cleanName(task.name))}</b><i>${note}</i></span><ul>${steps.map((step) => stepItem(run, task, step)).join('')}</ul></li>`
  })
  return `<h4>${escapeText(cleanName(run.name))} <span class="dim">run ${run.number}</span></h4><ul>${tasks.join('')}</ul>`
}

function stepItem(run: ReportRun, task: TaskView, step: StepView): string {
  const anchor = stepAnchor(run.number, task, step.index)
  const href = attribute(`#${anchor}`)
  return `<li id=${attribute(anchor)}><a class="row ${step.phase}" href=${href}>${sign(step.phase)}<b>${escapeText(cleanName(step.name))}</b><i>${durationOf(step)}</i></a></li>`
}

function sign(status: TaskView['status']): string {
  return `<span class="mark">${mark(status, createPaint(false))}</span>`
}

function durationOf({ startedAt, durationMs }: TaskView | StepView): string {
  return startedAt === null || durationMs === null ? '' : formatDuration(durationMs)
}
