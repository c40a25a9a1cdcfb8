import type { RunTaskId } from '../engine/model/ids.ts'
import type { RunConfigTask, RunConfigTaskDepend } from '../engine/model/run-config.ts'

/** What is drawn of a run. */
export interface GraphRun {
  name: string
  tasks: Record<RunTaskId, RunConfigTask>
}

export const graphFormats = ['text', 'dot', 'mermaid'] as const
export type GraphFormat = (typeof graphFormats)[number]

/** The tasks of runs and how they depend on each other, as text without a line end. */
export function drawGraph(runs: readonly GraphRun[], format: GraphFormat): string {
  switch (format) {
    case 'text':
      return runs.map(drawText).join('\n\n')
    case 'dot':
      return ['digraph {', '  rankdir=LR', '  node [shape=box]', ...runs.flatMap(drawDot), '}'].join('\n')
    case 'mermaid':
      return ['flowchart LR', ...runs.flatMap(drawMermaid)].join('\n')
  }
}

/** Tasks by level: those of one level can run at the same time. */
function drawText(run: GraphRun): string {
  const tasks = Object.values(run.tasks)
  const byLevel = [...tasks].sort((a, b) => a.level - b.level)
  const width = Math.max(1, ...tasks.map(({ level }) => String(level).length))
  const lines = byLevel.map((task) => {
    const parents = dependsIn(run, task).map((depend) => {
      return `${nameIn(run, depend)}${isPlain(depend) ? '' : ` (${depend.conditions.join(', ')})`}`
    })
    const marks = marksOf(task)
    const after = parents.length === 0 ? '' : ` after ${parents.join(', ')}`
    return `  ${String(task.level).padStart(width)}  ${printable(task.name)}${after}${marks.length === 0 ? '' : ` [${marks.join(', ')}]`}`
  })
  return [printable(run.name), ...(lines.length === 0 ? ['  no tasks'] : lines)].join('\n')
}

function drawDot(run: GraphRun, index: number): string[] {
  const { idOf, tasks } = numbered(run, index)
  const nodes = tasks.map((task) => {
    const style = task.skip ? ', style=dashed' : ''
    return `    ${idOf(task.id)} [label=${dotQuote(labelOf(task, '\n'))}${style}]`
  })
  const edges = tasks.flatMap((task) =>
    dependsIn(run, task).map((depend) => {
      const label = isPlain(depend) ? '' : ` [label=${dotQuote(depend.conditions.join('\n'))}]`
      return `    ${idOf(depend.taskId)} -> ${idOf(task.id)}${label}`
    }),
  )
  return [`  subgraph cluster_${index} {`, `    label=${dotQuote(printable(run.name))}`, ...nodes, ...edges, '  }']
}

function drawMermaid(run: GraphRun, index: number): string[] {
  const { idOf, tasks } = numbered(run, index)
  const nodes = tasks.map((task) => `    ${idOf(task.id)}["${mermaidText(labelOf(task, '\n'))}"]`)
  const edges = tasks.flatMap((task) =>
    dependsIn(run, task).map((depend) => {
      const label = isPlain(depend) ? '' : `|"${depend.conditions.join(', ')}"|`
      return `    ${idOf(depend.taskId)} -->${label} ${idOf(task.id)}`
    }),
  )
  const skipped = tasks.filter(({ skip }) => skip).map(({ id }) => `    style ${idOf(id)} stroke-dasharray: 5`)
  return [`  subgraph r${index}["${mermaidText(printable(run.name))}"]`, ...nodes, ...edges, ...skipped, '  end']
}

/** Short names for nodes: those of users may hold anything. */
function numbered(run: GraphRun, index: number): { idOf: (id: RunTaskId) => string; tasks: RunConfigTask[] } {
  const tasks = Object.values(run.tasks)
  const numbers = new Map(tasks.map(({ id }, number) => [id, number]))
  return { tasks, idOf: (id) => `r${index}t${numbers.get(id) ?? ''}` }
}

function dependsIn(run: GraphRun, task: RunConfigTask): RunConfigTaskDepend[] {
  return Object.values(task.depends).filter(({ taskId }) => Object.hasOwn(run.tasks, taskId))
}

function nameIn(run: GraphRun, { taskId }: RunConfigTaskDepend): string {
  return printable(run.tasks[taskId]?.name ?? taskId)
}

function isPlain({ conditions }: RunConfigTaskDepend): boolean {
  return conditions.length === 1 && conditions[0] === 'on_success'
}

function labelOf(task: RunConfigTask, separator: string): string {
  const marks = marksOf(task)
  return `${printable(task.name)}${marks.length === 0 ? '' : `${separator}(${marks.join(', ')})`}`
}

function marksOf(task: RunConfigTask): string[] {
  return [
    ...(task.needsApproval ? ['approval'] : []),
    ...(task.ignoreFailure ? ['failure ignored'] : []),
    ...(task.skip ? ['skipped'] : []),
  ]
}

function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

function dotQuote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

/** Entities, because a quote or bracket would end the label, and a `#` starts an entity. */
function mermaidText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:/_()\n-]/gu, (char) => `#${char.codePointAt(0)};`).replaceAll('\n', '<br/>')
}
