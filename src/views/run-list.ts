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
  enqueueTime: number | null
  startTime: number | null
  endTime: number | null
}

export interface RunListOptions {
  color: boolean
  /** Columns of the terminal; 0: no limit. */
  width: number
  now: number
}

/** One line a run: number, result, name, ref, commit, age, duration. */
export function runListText(
  { runs, more }: { runs: readonly ListedRun[]; more: boolean },
  { color, width, now }: RunListOptions,
): string {
  if (runs.length === 0) return 'no runs\n'
  const paint = createPaint(color)
  const rows = runs.map((run) => ({
    number: String(run.counter),
    state: stateOf(run),
    name: cleanName(run.name),
    ref: cleanName((run.annotations.ref ?? '').replace(/^refs\/(heads|tags)\//, '')),
    commit: (run.annotations.commit_sha ?? '').slice(0, 8),
    age: run.enqueueTime === null ? '' : `${formatDuration(Math.max(0, now - run.enqueueTime))} ago`,
    duration: run.startTime === null ? '' : formatDuration(Math.max(0, (run.endTime ?? now) - run.startTime)),
  }))
  const widthOf = (column: keyof (typeof rows)[number]) => Math.max(...rows.map((row) => textWidth(row[column])))
  const lines = rows.map((row) => {
    const state = paint(stateColour(row.state), padEnd(row.state, widthOf('state')))
    const plain = [
      padEnd(row.name, widthOf('name')),
      padEnd(row.ref, widthOf('ref')),
      row.commit,
      padStart(row.age, widthOf('age')),
      padStart(row.duration, widthOf('duration')),
    ].join('  ')
    const number = padStart(row.number, widthOf('number'))
    const room = width === 0 ? Number.POSITIVE_INFINITY : Math.max(1, width - textWidth(number) - widthOf('state') - 4)
    return `${number}  ${state}  ${room === Number.POSITIVE_INFINITY ? plain : truncate(plain, room)}`.trimEnd()
  })
  const last = runs.at(-1)
  const hint = more && last !== undefined ? [`older ones: --start ${last.counter}`] : []
  return [...lines, ...hint].map((line) => `${line}\n`).join('')
}

export function runListJson({ runs, more }: { runs: readonly ListedRun[]; more: boolean }): string {
  const list = runs.map(({ counter, name, phase, result, annotations, enqueueTime, startTime, endTime }) => ({
    number: counter,
    name,
    phase,
    result,
    ref: annotations.ref ?? '',
    commit: annotations.commit_sha ?? '',
    enqueue_time: timeText(enqueueTime),
    start_time: timeText(startTime),
    end_time: timeText(endTime),
  }))
  return `${JSON.stringify({ runs: list, more })}\n`
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
