import type { RunTaskId } from '../../../engine/model/ids.ts'
import { cleanName } from '../../clean-text.ts'
import { createPaint } from '../../colour.ts'
import { formatDuration } from '../../format-duration.ts'
import type { TaskView } from '../../run-view.ts'
import { mark } from '../../summary.ts'
import { truncate } from '../../text-width.ts'
import { attribute, escapeText } from '../escape-markup.ts'
import type { ReportRun } from '../report-run.ts'
import { taskAnchor } from './anchors.ts'

const box = { width: 190, height: 38, columnGap: 56, rowGap: 12, margin: 8 }
const nameColumnsMax = 22
/** A graph of more tasks says nothing to the eye; the timeline still has them all. */
export const graphTasksMax = 500

/** The tasks as an SVG: a column a level, arrows from parents to children, the critical path emphasized. */
export function renderGraph(run: ReportRun, critical: ReadonlySet<RunTaskId>): string {
  if (run.tasks.length > graphTasksMax) return `<p class="note">${run.tasks.length} tasks are too many for a graph.</p>`
  const places = placeTasks(run)
  const rows = Math.max(0, ...[...places.values()].map(({ row }) => row + 1))
  const columns = Math.max(0, ...[...places.values()].map(({ column }) => column + 1))
  const width = box.margin * 2 + columns * box.width + Math.max(0, columns - 1) * box.columnGap
  const height = box.margin * 2 + rows * box.height + Math.max(0, rows - 1) * box.rowGap
  const edges = run.tasks.flatMap((task) => edgesTo(task, places, critical))
  const nodes = run.tasks.map((task) => node(run, task, places.get(task.id), critical.has(task.id)))
  return `<div class="graph"><svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="task graph">${edges.join('')}${nodes.join('')}</svg></div>`
}

interface Place {
  column: number
  row: number
}

/** Within a level, tasks stand near their parents, so that arrows cross less. */
function placeTasks({ tasks }: ReportRun): Map<RunTaskId, Place> {
  const levels = [...new Set(tasks.map((task) => task.level))].sort((a, b) => a - b)
  const places = new Map<RunTaskId, Place>()
  for (const [column, level] of levels.entries()) {
    const ofLevel = tasks.filter((task) => task.level === level)
    const weighed = ofLevel.map((task) => ({ task, weight: meanParentRow(task, places) }))
    weighed.sort((a, b) => a.weight - b.weight)
    for (const [row, { task }] of weighed.entries()) places.set(task.id, { column, row })
  }
  return places
}

function meanParentRow({ depends }: TaskView, places: ReadonlyMap<RunTaskId, Place>): number {
  const rows = depends.map(({ id }) => places.get(id)?.row ?? 0)
  return rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + row, 0) / rows.length
}

function edgesTo(task: TaskView, places: ReadonlyMap<RunTaskId, Place>, critical: ReadonlySet<RunTaskId>): string[] {
  return task.depends.map(({ id, conditions }) => {
    const [from, to] = [places.get(id), places.get(task.id)]
    if (from === undefined || to === undefined) return ''
    const [x1, y1] = [left(from) + box.width, top(from) + box.height / 2]
    const [x2, y2] = [left(to), top(to) + box.height / 2]
    const bend = Math.max(24, (x2 - x1) / 2)
    const kind = critical.has(id) && critical.has(task.id) ? ' critical' : ''
    const unusual = conditions.some((condition) => condition !== 'on_success') ? ' conditional' : ''
    const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
    return `<path class="edge${kind}${unusual}" d="${path}"><title>${escapeText(conditions.join(', '))}</title></path>`
  })
}

function node(run: ReportRun, task: TaskView, place: Place | undefined, isCritical: boolean): string {
  if (place === undefined) return ''
  const [x, y] = [left(place), top(place)]
  const name = cleanName(task.name)
  const duration = task.startedAt === null ? '' : `, ${formatDuration(task.durationMs ?? 0)}`
  return `<a href=${attribute(`#${taskAnchor(run.number, task)}`)} class="node ${task.status}${isCritical ? ' critical' : ''}"><title>${escapeText(`${name}: ${task.status}${duration}`)}</title><rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="6"/><text x="${x + 10}" y="${y + 24}"><tspan class="mark">${mark(task.status, createPaint(false))}</tspan> ${escapeText(truncate(name, nameColumnsMax))}</text></a>`
}

function left({ column }: Place): number {
  return box.margin + column * (box.width + box.columnGap)
}

function top({ row }: Place): number {
  return box.margin + row * (box.height + box.rowGap)
}
