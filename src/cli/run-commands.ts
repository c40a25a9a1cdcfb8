import type { Readable } from 'node:stream'
import { AgolaError } from '../engine/model/errors.ts'
import { nearestName } from '../engine/model/nearest-name.ts'
import { isRunFinished, type RunTask } from '../engine/model/run.ts'
import type { RunConfig, RunConfigTask } from '../engine/model/run-config.ts'
import { numberOrNewest } from '../engine/newest-run.ts'
import type { RunWithConfig } from '../engine/ports/run-service.ts'
import type { Runs } from '../engine/ports/runs.ts'
import { afterMs } from '../engine/std/after-ms.ts'
import { cutLogText } from '../views/cut-log.ts'
import { runDetailsJson, runDetailsText } from '../views/run-details.ts'
import { taskDetailsText } from '../views/task-details.ts'
import { exitCodeOfRuns, exitCodes } from './exit-code.ts'
import type { Output } from './output.ts'

/** Names that an error lists. */
const namesListedMax = 20

export interface Shown {
  output: 'text' | 'json'
  color: boolean
  width: number
  now: number
}

/** With its tasks, or only the one that is named. `runTaskDoesNotExist`. */
export async function inspectRun(
  runs: Runs,
  { number, task }: { number: number | undefined; task: string | undefined },
  shown: Shown,
  stdout: Output,
): Promise<void> {
  const run = await runs.get(await numberOrNewest(runs, number))
  const taskId = task === undefined ? undefined : taskNamed(run.runConfig, task).id
  if (shown.output === 'json') return await stdout.write(runDetailsJson(run, taskId))
  await stdout.write(taskId === undefined ? runDetailsText(run, shown) : taskDetailsText(run, taskId, shown))
}

/** Until the run is over; its result is the exit code. 5 when `timeoutMs` was shorter, 77 when a step is paused and that was to be told. */
export async function waitForRun(
  runs: Runs,
  number: number | undefined,
  timeoutMs: number | null,
  untilPaused = false,
): Promise<number> {
  const wanted = await numberOrNewest(runs, number)
  const timeout = new AbortController()
  const cancelTimeout = timeoutMs === null ? null : afterMs(timeoutMs, () => timeout.abort())
  try {
    for await (const { run } of runs.watch(wanted, { signal: timeout.signal })) {
      if (isRunFinished(run.phase)) return exitCodeOfRuns([run])
      if (untilPaused && Object.values(run.tasks).some(({ paused }) => paused !== undefined)) return exitCodes.paused
    }
    return exitCodeOfRuns([(await runs.get(wanted)).run])
  } catch (error) {
    if (timeout.signal.aborted) return exitCodes.timedOut
    throw error
  } finally {
    cancelTimeout?.()
  }
}

/** Stops what runs and cancels what is queued. */
export async function stopRun(runs: Runs, number: number | undefined, wait: boolean): Promise<number> {
  const wanted = await numberOrNewest(runs, number)
  await runs.stop(wanted)
  if (!wait) return exitCodes.success
  await waitForRun(runs, wanted, null)
  return exitCodes.success
}

/** Approves the named tasks, or all that wait for it. Gives their names. */
export async function approveTasks(
  runs: Runs,
  number: number | undefined,
  tasks: readonly string[],
  all: boolean,
): Promise<string[]> {
  const wanted = await numberOrNewest(runs, number)
  const { run, runConfig } = await runs.get(wanted)
  const waiting = Object.values(run.tasks).filter(({ waitingApproval }) => waitingApproval)
  const names = all ? waiting.map(({ id }) => runConfig.tasks[id]?.name ?? id) : [...tasks]
  if (names.length === 0) {
    const known = waiting.map(({ id }) => JSON.stringify(runConfig.tasks[id]?.name ?? id)).join(', ')
    throw new AgolaError(
      'runTaskNotWaitingApproval',
      known === '' ? `no task of run ${wanted} waits for approval` : `name a task or give --all; these wait: ${known}`,
    )
  }
  for (const name of names) await runs.approve(wanted, name)
  return names
}

export interface LogsRequest {
  number: number | undefined
  /** Names of tasks; empty: all. */
  tasks: readonly string[]
  /** Index of a step; undefined: all. */
  step: number | undefined
  setup: boolean
  /** Only steps that did not succeed. */
  failed: boolean
  follow: boolean
  /** Only so many last lines of each log. */
  tail: number | undefined
  prefix: boolean
  /** Colours that steps print are kept. */
  color: boolean
  /** Escape sequences and carriage returns stay. */
  raw: boolean
  /** Long lines are not cut. */
  whole: boolean
  /** The time now, shown before each line. */
  timestamp?: (() => string) | undefined
  /** A line about a log that is not whole. */
  onCut: (text: string) => void
}

/** Logs in the order of the tasks and their steps, each to the output for its place. */
export async function showLogs(
  runs: Runs,
  request: LogsRequest,
  outputFor: (place: LogPlace) => Output,
): Promise<void> {
  const number = await numberOrNewest(runs, request.number)
  const { LogPrinter } = await import('../views/log-printer.ts')
  const state = await runs.get(number)
  const missing: LogPlace[] = []
  let shown = 0
  const places = logsOf(state, request)
  for (const place of places) {
    const name = `${place.task.name}/${place.name}`
    const log = await openLog(runs, number, place, request.follow)
    if (log === null) {
      missing.push({ ...place, name })
      continue
    }
    shown += 1
    let bytes = 0
    const output = outputFor(place)
    const printer = new LogPrinter({ ...request, name })
    for await (const chunk of log) {
      bytes += (chunk as Uint8Array).length
      await output.write(printer.write(chunk as Uint8Array))
      if (output.isClosed) break
    }
    await output.write(printer.end())
    await output.end()
    if (output.isClosed) return
    // What was followed has ended only now.
    tellCut(request.follow ? await runs.get(number) : state, place, { name, bytes, ...request })
  }
  for (const place of missing) if (shown > 0) tellCut(state, place, { name: place.name, bytes: null, ...request })
  if (shown > 0) return
  throw noLog(state.runConfig, { ...request, number, isNoneMeant: places.length === 0 })
}

/** Why nothing of a run can be shown: `runTaskStepDoesNotExist`, `logDoesNotExist`. */
function noLog(
  runConfig: RunConfig,
  { number, isNoneMeant, tasks, step, setup, failed }: LogsRequest & { number: number; isNoneMeant: boolean },
): AgolaError {
  const chosen = chosenTasks(runConfig, tasks)
  const [only, ...others] = chosen
  const place = only !== undefined && others.length === 0 ? `task ${JSON.stringify(only.name)}` : `run ${number}`
  if (step !== undefined && chosen.every(({ steps }) => steps.length <= step))
    return new AgolaError('runTaskStepDoesNotExist', `there is no step ${step}: ${stepsText(place, chosen)}`)
  if (failed && !setup && isNoneMeant)
    return new AgolaError(
      'logDoesNotExist',
      step === undefined ? `no step of ${place} failed` : `step ${step} of ${place} did not fail`,
    )
  return new AgolaError(
    'logDoesNotExist',
    `run ${number} has no such log: nothing was printed there, or it has expired`,
  )
}

function stepsText(place: string, tasks: readonly RunConfigTask[]): string {
  const last = Math.max(0, ...tasks.map(({ steps }) => steps.length)) - 1
  if (last < 0) return `${place} has no steps`
  return last === 0 ? `${place} has step 0 only` : `${place} has steps 0 to ${last}`
}

function tellCut(
  { run }: RunWithConfig,
  { task, step }: LogPlace,
  { name, bytes, onCut }: { name: string; bytes: number | null; onCut: LogsRequest['onCut'] },
): void {
  const state = run.tasks[task.id]
  const log = step === null ? state?.setupStep : state?.steps[step]
  const text = log === undefined ? null : cutLogText(name, log, bytes)
  if (text !== null) onCut(text)
}

export interface LogPlace {
  task: RunConfigTask
  /** null: the set-up. */
  step: number | null
  name: string
}

function logsOf({ run, runConfig }: RunWithConfig, { tasks, step, setup, failed, follow }: LogsRequest): LogPlace[] {
  return chosenTasks(runConfig, tasks).flatMap((task) => {
    const state = run.tasks[task.id]
    if (state === undefined) return []
    const places = task.steps.map((each, index) => ({
      task,
      step: index,
      name: each.name === '' ? each.type : each.name,
    }))
    const wanted = places.filter(
      (place) => (step === undefined || place.step === step) && (!failed || hasFailed(state, place.step)),
    )
    const withSetup: LogPlace[] =
      setup || (failed && state.setupStep.phase === 'failed') ? [{ task, step: null, name: 'setup' }] : []
    if (setup && step === undefined) return withSetup
    return [...withSetup, ...wanted].filter((place) => follow || hasStarted(state, place.step))
  })
}

function chosenTasks(runConfig: RunConfig, names: readonly string[]): RunConfigTask[] {
  return names.length === 0 ? tasksByLevel(runConfig) : names.map((name) => taskNamed(runConfig, name))
}

function tasksByLevel({ tasks }: RunConfig): RunConfigTask[] {
  return Object.values(tasks).sort((a, b) => a.level - b.level)
}

function taskNamed({ tasks }: RunConfig, name: string): RunConfigTask {
  const all = Object.values(tasks)
  const found = all.find((task) => task.name === name || task.id === name)
  if (found !== undefined) return found
  const names = all.map((task) => task.name)
  const nearest = nearestName(name, names)
  const question = nearest === null ? '' : ` Did you mean ${JSON.stringify(nearest)}?`
  const list = names.slice(0, namesListedMax).map((each) => JSON.stringify(each))
  const more = names.length - list.length
  const known = names.length === 0 ? 'It has none.' : `It has ${list.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  throw new AgolaError('runTaskDoesNotExist', `the run has no task ${JSON.stringify(name)}.${question} ${known}`)
}

function hasFailed(task: RunTask, step: number): boolean {
  const phase = task.steps[step]?.phase
  return phase === 'failed' || phase === 'stopped'
}

function hasStarted(task: RunTask, step: number | null): boolean {
  return (step === null ? task.setupStep.phase : task.steps[step]?.phase) !== 'notstarted'
}

/** null: the step printed nothing or its log has expired. */
async function openLog(
  runs: Runs,
  number: number,
  { task, step }: LogPlace,
  follow: boolean,
): Promise<Readable | null> {
  try {
    return await runs.openLog({ number, task: task.id, step }, { follow })
  } catch (error) {
    if (error instanceof AgolaError && error.code === 'logDoesNotExist') return null
    throw error
  }
}
