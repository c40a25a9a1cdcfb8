import { createHash } from 'node:crypto'
import { cleanName } from '../../clean-text.ts'
import type { StepView, TaskView } from '../../run-view.ts'
import { shellWord } from '../../shell-word.ts'
import { escapeText } from '../escape-markup.ts'
import type { ReportFacts, ReportRun } from '../report-run.ts'
import { stepAnchor } from './anchors.ts'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import { outcomeOf, renderRunSection, renderStepList } from './run-section.ts'

/** The kept lines of one step's log. */
export interface PageLog {
  head: readonly PageChunk[]
  /** Lines left out between `head` and `tail`. */
  dropped: number
  tail: readonly PageChunk[]
}

export interface PageChunk {
  lines: number
  /** Its text as UTF-8, compressed as raw deflate. */
  read: () => Promise<Uint8Array>
}

export interface PageContent {
  runs: readonly ReportRun[]
  facts: ReportFacts
  /** null: nothing was printed. */
  log: (place: { run: number; task: string; step: number }) => PageLog | null
  /** The name by which this program was called, for hints. */
  bin: string
}

/** One self-contained HTML page in pieces, never more than one chunk of a log in memory. Summary, graph and timeline stand in the
 *  markup; the script shows the logs, whose chunks follow as base64 and are decoded when they are looked at. */
export async function* renderPage(content: PageContent): AsyncGenerator<string> {
  const { steps, chunks } = indexLogs(content)
  yield head(content)
  for (const run of content.runs) yield renderRunSection(run)
  yield logSection(content.runs)
  yield `<script type="application/json" id="logs">${inScript({ steps })}</script>\n<script>${pageScript}</script>\n`
  for (const [index, chunk] of chunks.entries()) {
    const base64 = Buffer.from(await chunk.read()).toString('base64')
    yield `<script type="text/plain" id="c${index + 1}">${base64}</script>\n`
  }
  yield '</body>\n</html>\n'
}

/** What the script knows of a step's log. */
interface IndexedStep {
  id: string
  label: string
  phase: StepView['phase']
  /** Shown where there is no log. */
  note: string
  /** Number of the element that holds the chunk (0: the text stands here), lines in it, number of its first line, text. */
  chunks: [number, number, number, string?][]
}

function indexLogs({ runs, log, bin }: PageContent): { steps: IndexedStep[]; chunks: PageChunk[] } {
  const chunks: PageChunk[] = []
  const steps = runs.flatMap((run) =>
    run.tasks.flatMap((task) =>
      [task.setup, ...task.steps].map((step): IndexedStep => {
        const found = log({ run: run.number, task: task.id, step: step.index })
        return {
          id: stepAnchor(run.number, task, step.index),
          label: `${cleanName(task.name)} › ${cleanName(step.name)}`,
          phase: step.phase,
          note: emptyNote(task, step, logCommand(bin, run, task, step)),
          chunks: found === null ? [] : indexLog(found, chunks, step, logCommand(bin, run, task, step)),
        }
      }),
    ),
  )
  return { steps, chunks }
}

/** Notes the chunks of one log in `all`. */
function indexLog(
  { head, dropped, tail }: PageLog,
  all: PageChunk[],
  { cutLog }: StepView,
  command: string,
): IndexedStep['chunks'] {
  let line = 1
  const place = (chunk: PageChunk): IndexedStep['chunks'][number] => {
    const placed: IndexedStep['chunks'][number] = [all.push(chunk), chunk.lines, line]
    line += chunk.lines
    return placed
  }
  const first = head.map(place)
  line += dropped
  const gap = dropped === 0 ? [] : [noteChunk(`${dropped} lines are left out here. The whole log: ${command}`)]
  return [...first, ...gap, ...tail.map(place), ...(cutLog === null ? [] : [noteChunk(cutLog)])]
}

/** A line of ours, which has no number. */
function noteChunk(text: string): IndexedStep['chunks'][number] {
  return [0, 1, 0, `… ${text}`]
}

function logCommand(bin: string, { number }: ReportRun, task: TaskView, { index }: StepView): string {
  const step = index < 0 ? '--setup' : `--step ${index}`
  return `${bin} directrun logs ${number} --task ${shellWord(cleanName(task.name))} ${step}`
}

function emptyNote(task: TaskView, step: StepView, command: string): string {
  if (step.startedAt !== null) return step.cutLog ?? 'This step printed nothing.'
  if (task.status === 'success') return `This task succeeded before and was kept. Its log: ${command}`
  return 'This step did not run.'
}

function head({ runs, facts }: PageContent): string {
  const name = facts.ref.replace(/^refs\/(heads|tags)\//, '')
  const commit = facts.commitSha
  const title = escapeText(commit === '' ? name : `${name} at ${commit.slice(0, 8)}`)
  const at = commit === '' ? '' : ` · commit <code>${escapeText(commit)}</code>`
  const worst = ['failed', 'stopped', 'running', 'success'].find((each) => runs.some((run) => outcomeOf(run) === each))
  const policy = `default-src 'none'; script-src '${hashOf(pageScript)}'; style-src '${hashOf(pageStyle)}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${worst ?? 'no run'}: ${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<header><h1>${title}</h1><p class="dim"><a href="#logs-section">logs</a>${at}</p></header>
`
}

function logSection(runs: readonly ReportRun[]): string {
  return `<section class="logs" id="logs-section">
<div class="tools">
<h2>Logs</h2>
<input id="query" type="search" placeholder="search all logs ( / )" aria-label="search all logs" autocomplete="off" spellcheck="false">
<button type="button" id="previous" title="previous match (Shift+Enter)">↑</button><button type="button" id="next" title="next match (Enter)">↓</button>
<output id="count" aria-live="polite"></output>
</div>
<nav aria-label="steps">${runs.map(renderStepList).join('')}</nav>
<div class="viewer"><div class="title"><strong id="log-name"></strong><span id="log-lines" class="dim"></span><button type="button" id="save" title="save this log as a file">save</button></div>
<div id="log" tabindex="0" role="region" aria-label="log"><div id="space"></div><div id="rows"></div></div></div>
<noscript><p class="note">The logs are shown by a script, and scripts are off.</p></noscript>
</section>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** JSON that cannot end the element it stands in. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}
