import type { RunTaskId } from '../../../engine/model/ids.ts'
import { cleanName } from '../../clean-text.ts'
import { formatDuration } from '../../format-duration.ts'
import type { StepView, TaskView } from '../../run-view.ts'
import { attribute, escapeText } from '../escape-markup.ts'
import { isKept, type Period, type ReportRun, stepPeriod, taskPeriod, waitPeriod } from '../report-run.ts'
import { stepAnchor, taskAnchor } from './anchors.ts'

/** A row a task: when it waited, and each of its steps. All positions are percentages of the run, so it fits any width. */
export function renderTimeline(run: ReportRun, critical: ReadonlySet<RunTaskId>): string {
  const scale: Period = { start: run.createdAt, end: Math.max(run.endedAt, run.createdAt + 1) }
  const rows = run.tasks.map((task) => row(run, task, scale, critical.has(task.id)))
  return `<table class="timeline"><thead><tr><th scope="col">task</th><th scope="col" class="axis">${axis(scale)}</th><th scope="col" class="time">time</th></tr></thead><tbody>${rows.join('')}</tbody></table>${legend}`
}

const legend = '<p class="legend"><i class="wait"></i>waiting<i></i>set-up<i class="on"></i>critical path</p>'

const ticks = 4

function axis({ start, end }: Period): string {
  const labels = Array.from({ length: ticks + 1 }, (_, index) => {
    const anchor = index === 0 ? 'start' : index === ticks ? 'end' : 'middle'
    const text = formatDuration(((end - start) * index) / ticks)
    return `<text x="${(100 * index) / ticks}%" y="12" text-anchor="${anchor}">${text}</text>`
  })
  return `<svg class="bar" height="16" aria-hidden="true">${labels.join('')}</svg>`
}

function row(run: ReportRun, task: TaskView, scale: Period, isCritical: boolean): string {
  const name = escapeText(cleanName(task.name))
  const link = `<a href=${attribute(`#${taskAnchor(run.number, task)}`)} title="${name}">${name}</a>`
  const period = taskPeriod(task, run)
  const wait = waitPeriod(task, run)
  const parts = period === null ? [] : [bar(period, scale, `task ${task.status}`, name, { y: 5, height: 12 })]
  if (wait !== null) parts.unshift(bar(wait, scale, 'wait', waitText(run, task, wait), { y: 9, height: 4 }))
  if (period !== null) {
    for (const step of [task.setup, ...task.steps]) parts.push(stepBar(run, task, step, { period, scale }))
    if (isCritical) parts.push(bar(period, scale, 'path', '', { y: 19, height: 2 }))
  }
  const duration = period === null ? (isKept(task) ? 'kept' : task.status) : formatDuration(period.end - period.start)
  return `<tr class="${task.status}${isCritical ? ' critical' : ''}"><th scope="row">${link}</th><td><svg class="bar" height="22">${grid}${parts.join('')}</svg></td><td class="time">${duration}</td></tr>`
}

const grid = Array.from({ length: ticks - 1 }, (_, index) => {
  const x = `${(100 * (index + 1)) / ticks}%`
  return `<line class="tick" x1="${x}" x2="${x}" y1="0" y2="22"/>`
}).join('')

function waitText(run: ReportRun, task: TaskView, { start, end }: Period): string {
  const why = run.approvalsAskedAt.has(task.id) ? 'waited for approval' : 'waited'
  return `${why} ${formatDuration(end - start)}`
}

function stepBar(
  run: ReportRun,
  task: TaskView,
  step: StepView,
  { period, scale }: { period: Period; scale: Period },
): string {
  const own = stepPeriod(step, period)
  if (own === null) return ''
  const title = `${escapeText(cleanName(step.name))}: ${step.phase}, ${formatDuration(own.end - own.start)}`
  const kind = `step ${step.phase}${step.index < 0 ? ' setup' : ''}`
  const href = attribute(`#${stepAnchor(run.number, task, step.index)}`)
  return `<a href=${href} tabindex="-1">${bar(own, scale, kind, title, { y: 3, height: 16 })}</a>`
}

/** `title` is markup already. */
function bar(
  { start, end }: Period,
  scale: Period,
  kind: string,
  title: string,
  { y, height }: { y: number; height: number },
): string {
  const length = scale.end - scale.start
  const x = (100 * (start - scale.start)) / length
  // What took no time at all is still there to be seen and clicked.
  const width = Math.max(0.15, (100 * (end - start)) / length)
  const shown = title === '' ? '' : `<title>${title}</title>`
  return `<rect class="${kind}" x="${Math.min(x, 99.85).toFixed(3)}%" width="${width.toFixed(3)}%" y="${y}" height="${height}">${shown}</rect>`
}
