import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { type LocalRuns, openLocalRuns } from '../engine/local-runs.ts'
import type { RunPhase, RunResult } from '../engine/model/run.ts'
import type { RunsQuery } from '../engine/ports/runs.ts'
import { makeDirectory } from '../engine/std/make-directory.ts'
import { runListJson, runListText } from '../views/run-list.ts'
import { localApprover } from './direct-run.ts'
import { exitCodes } from './exit-code.ts'
import { flagNotWritable } from './flag-not-writable.ts'
import { LogFileNames } from './log-file-names.ts'
import { Output } from './output.ts'
import { parseDurationFlag } from './parse-duration-flag.ts'
import { approveTasks, inspectRun, type LogPlace, type Shown, showLogs, stopRun, waitForRun } from './run-commands.ts'
import { wantsColor } from './terminal.ts'
import type { WatchListOptions } from './watch-list.ts'

/** What the commands do that look at runs of this repository and act on them. */

export interface ListFlags {
  limit: number
  start: number | undefined
  /** Full name. */
  ref: string | undefined
  phase: RunPhase[] | undefined
  result: RunResult[] | undefined
  'all-repos': boolean
  watch: boolean
  output: 'text' | 'json'
}

/** Gives the exit code. */
export async function list({ limit, start, ref, phase, result, output, ...flags }: ListFlags): Promise<number> {
  const query: RunsQuery = {
    limit,
    ...(start !== undefined && { before: start }),
    ...(ref !== undefined && { ref }),
    ...(phase !== undefined && { phases: phase }),
    ...(result !== undefined && { results: result }),
  }
  const { LocalRunLists } = await import('../engine/local-run-lists.ts')
  const all = flags['all-repos']
  const onNotice = (text: string) => void process.stderr.write(`agola: ${text}\n`)
  const lists = await LocalRunLists.open({ directory: process.cwd(), environment: process.env, all, onNotice })
  const next = async () => {
    const { runs, more } = await lists.list(query)
    return { runs: all ? runs : runs.map(({ repoUuid: _, workTree: __, ...run }) => run), more }
  }
  const closed = new AbortController()
  const stdout = new Output(process.stdout, () => closed.abort())
  if (flags.watch) return await watchListHere(next, output, { stdout, closed: closed.signal })
  const found = await next()
  await stdout.write(output === 'json' ? runListJson(found) : runListText(found, shown(output)))
  await stdout.flush()
  return exitCodes.success
}

async function watchListHere(
  list: WatchListOptions['list'],
  output: 'text' | 'json',
  target: Pick<WatchListOptions, 'stdout' | 'closed'>,
): Promise<number> {
  const { watchList } = await import('./watch-list.ts')
  const { isTTY, rows = 0 } = process.stdout
  const isDrawn = isTTY && output === 'text' && process.env.TERM !== 'dumb' && rows > 0
  return await watchList({
    ...target,
    list,
    shown: () => shown(output),
    rows: () => (isDrawn ? process.stdout.rows : null),
  })
}

export function inspect(
  number: number | undefined,
  { task, output }: { task: string | undefined; output: 'text' | 'json' },
): Promise<void> {
  return withLocalRuns(({ runs }, stdout) => inspectRun(runs, { number, task }, shown(output), stdout))
}

export function wait(number: number | undefined, timeout: string | undefined, untilPaused: boolean): Promise<number> {
  const timeoutMs = timeout === undefined ? null : parseDurationFlag('timeout', timeout)
  return withLocalRuns(({ runs }) => waitForRun(runs, number, timeoutMs, untilPaused))
}

export function stop(number: number | undefined, untilStopped: boolean): Promise<number> {
  return withLocalRuns(async ({ runs }) => {
    await stopRun(runs, number, untilStopped)
    return exitCodes.success
  })
}

export function pin(number: number): Promise<void> {
  return withLocalRuns(async ({ runs }, stdout) => {
    await runs.pin(number)
    await stdout.write(`run ${number} is pinned: it is kept until agola directrun unpin ${number}\n`)
  })
}

export function unpin(number: number): Promise<void> {
  return withLocalRuns(async ({ runs }, stdout) => {
    await runs.unpin(number)
    await stdout.write(`run ${number} is not pinned any more\n`)
  })
}

export function approve(number: number, tasks: readonly string[], all: boolean): Promise<void> {
  return withLocalRuns(async ({ runs }, stdout) => {
    for (const name of await approveTasks(runs, number, tasks, all)) await stdout.write(`approved ${name}\n`)
  })
}

export interface LogFlags {
  task: string[] | undefined
  step: number | undefined
  setup: boolean
  failed: boolean
  follow: boolean
  tail: number | undefined
  prefix: boolean
  raw: boolean
  timestamps: boolean
  'output-dir': string | undefined
}

export function logs(number: number | undefined, flags: LogFlags): Promise<void> {
  const { task, step, setup, failed, follow, tail, prefix, raw, timestamps } = flags
  const timestamp = timestamps ? () => new Date().toISOString() : undefined
  const onCut = (text: string) => void process.stderr.write(`agola: ${text}\n`)
  const directory = flags['output-dir']
  // A program or a file gets everything; a person, whom one endless line would bury, is told where to find the rest of it.
  const whole = directory !== undefined || !process.stdout.isTTY
  const color = directory === undefined && wantsColor(process.env)
  const looks = { tail, prefix, color, raw, whole, timestamp }
  const request = { number, tasks: task ?? [], step, setup, failed, follow, onCut, ...looks }
  return withLocalRuns(async ({ runs }, stdout) => {
    if (directory === undefined) return await showLogs(runs, request, () => stdout)
    await makeDirectory(directory).catch((error: unknown) => {
      throw flagNotWritable('output-dir', directory, error)
    })
    const names = new LogFileNames()
    const next = ({ task, step, name }: LogPlace) => names.next(task.name, { index: step, name })
    await showLogs(runs, { ...request, prefix: false }, (place) => fileOutput(join(directory, next(place))))
  })
}

function fileOutput(path: string): Output {
  return new Output(createWriteStream(path), () => undefined, path)
}

function shown(output: 'text' | 'json'): Shown {
  const width = process.stdout.isTTY ? (process.stdout.columns ?? 0) : 0
  return { output, color: wantsColor(process.env), width, now: Date.now() }
}

/** Opens the runs of the repository around the working directory for one piece of work. */
async function withLocalRuns<T>(work: (local: LocalRuns, stdout: Output) => Promise<T>): Promise<T> {
  const local = await openLocalRuns({ directory: process.cwd(), environment: process.env, approver: localApprover() })
  const stdout = new Output(process.stdout, () => undefined)
  try {
    return await work(local, stdout)
  } finally {
    await local.close()
    await stdout.flush()
  }
}
