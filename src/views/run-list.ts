import type { RunPhase, RunResult } from '../engine/model/run.ts'
import { cleanName } from './clean-text.ts'
import { type Colour, createPaint } from './colour.ts'
import { formatDuration } from './format-duration.ts'
import { padEnd, padStart, textWidth, truncate } from './text-width.ts'

/** What a listing knows of a run. */
export interface ListedRun {
  name: string
  counter: number
  annotations: Record<string, string>
  phase: RunPhase
  result: RunResult
  pinned?: boolean
  enqueueTime: number | null
  startTime: number | null
  endTime: number | null
  /** Of lists of several repositories. */
  repoUuid?: string
  /** Where that repository was seen last; null: not known. */
  workTree?: string | null
}

export interface RunListOptions {
  color: boolean
  /** Columns of the terminal; 0: no limit. */
  width: number
  now: number
}

/** One line a run: number, result, its repository where there are several, name, ref, commit, age, duration. */
export function runListText(
  { runs, more }: { runs: readonly ListedRun[]; more: boolean },
  { color, width, now }: RunListOptions,
): string {
  if (runs.length === 0) return 'no runs\n'
  const paint = createPaint(color)
  const hasRepositories = runs.some(({ repoUuid }) => repoUuid !== undefined)
  const rows = runs.map((run) => ({
    number: String(run.counter),
    state: stateOf(run),
    repository: cleanName(run.workTree ?? run.repoUuid ?? ''),
    name: cleanName(run.name),
    ref: cleanName((run.annotations.ref ?? '').replace(/^refs\/(heads|tags)\//, '')),
    commit: (run.annotations.commit_sha ?? '').slice(0, 8),
    age: run.enqueueTime === null ? '' : `${formatDuration(Math.max(0, now - run.enqueueTime))} ago`,
    duration: run.startTime === null ? '' : formatDuration(Math.max(0, (run.endTime ?? now) - run.startTime)),
    pin: run.pinned === true ? 'pinned' : '',
  }))
  const widthOf = (column: keyof (typeof rows)[number]) => Math.max(...rows.map((row) => textWidth(row[column])))
  const lines = rows.map((row) => {
    const state = paint(stateColour(row.state), padEnd(row.state, widthOf('state')))
    const plain = [
      ...(hasRepositories ? [padEnd(row.repository, widthOf('repository'))] : []),
      padEnd(row.name, widthOf('name')),
      padEnd(row.ref, widthOf('ref')),
      row.commit,
      padStart(row.age, widthOf('age')),
      padStart(row.duration, widthOf('duration')),
      row.pin,
    ].join('  ')
    const number = padStart(row.number, widthOf('number'))
    const room = width === 0 ? Number.POSITIVE_INFINITY : Math.max(1, width - textWidth(number) - widthOf('state') - 4)
    return `${number}  ${state}  ${room === Number.POSITIVE_INFINITY ? plain : truncate(plain, room)}`.trimEnd()
  })
  const last = runs.at(-1)
  const older = hasRepositories
    ? 'there are older ones: --limit shows more'
    : `older ones: --start ${last?.counter ?? ''}`
  const hint = more ? [older] : []
  return [...lines, ...hint].map((line) => `${line}\n`).join('')
}

export function runListJson({ runs, more }: { runs: readonly ListedRun[]; more: boolean }): string {
  return `${JSON.stringify({ runs: runs.map(runObject), more })}\n`
}

/** One run as it stands in the list, on a line of its own. */
export function listedRunJson(run: ListedRun): string {
  return `${JSON.stringify(runObject(run))}\n`
}

function runObject({ counter, name, phase, result, annotations, ...run }: ListedRun): object {
  return {
    ...(run.repoUuid !== undefined && { repo_uuid: run.repoUuid, work_tree: run.workTree ?? null }),
    ...{ number: counter, name, phase, result },
    ref: annotations.ref ?? '',
    commit: annotations.commit_sha ?? '',
    pinned: run.pinned === true,
    enqueue_time: timeText(run.enqueueTime),
    start_time: timeText(run.startTime),
    end_time: timeText(run.endTime),
  }
}

/** Tells a run from all others of the list. */
export function runKey({ repoUuid = '', counter }: ListedRun): string {
  return `${repoUuid}/${counter}`
}

/** Another one when there is something new to say of the run. */
export function runStateText({ phase, result, startTime, endTime, pinned }: ListedRun): string {
  return JSON.stringify([phase, result, startTime, endTime, pinned])
}

/** RFC 3339; null stays. */
export function timeText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}

export function stateOf({ phase, result }: Pick<ListedRun, 'phase' | 'result'>): string {
  if (phase === 'finished') return result
  return phase === 'setuperror' ? 'set-up error' : phase
}

export function stateColour(state: string): Colour {
  if (state === 'success') return 'green'
  if (state === 'failed' || state === 'set-up error') return 'red'
  return state === 'stopped' || state === 'cancelled' ? 'yellow' : 'cyan'
}
