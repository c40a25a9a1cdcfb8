import { hostname } from 'node:os'
import { openDirectRun } from '../engine/direct-run.ts'
import type {
  CompiledRun,
  DirectRunOptions,
  ExecutionRequest,
  StartedDirectRun,
} from '../engine/direct-run-interface.ts'
import type { RunWithConfig } from '../engine/ports/run-service.ts'
import type { RefOptions } from '../engine/read-config.ts'
import { userName } from '../engine/this-user.ts'
import { exitCodes } from './exit-code.ts'
import type { FailurePolicy } from './failure-policy.ts'
import { runInvocation } from './invocation.ts'
import { parseDurationFlag } from './parse-duration-flag.ts'
import type { Presenter } from './presenter.ts'
import type { Questions } from './questions.ts'
import { type ViewFlags, wantsQuestions } from './terminal.ts'
import { whyNoRun } from './why-no-run.ts'

// Where commands find it without loading another file.
export { userDefaults } from './user-defaults.ts'

/** What the flags of every command say that runs something here. */
export interface ExecutionFlags {
  directory: string
  environment: NodeJS.ProcessEnv
  variables: Omit<ExecutionRequest['variables'], 'askHidden'>
  engine: Omit<ExecutionRequest['engine'], 'graceMs' | 'pauseExpiryMs' | 'askForHost' | 'archMismatch'> & {
    grace: string
    archMismatch: 'emulate' | 'skip' | 'fail'
  }
  /** What becomes of a step that fails; `expiry` is a duration. */
  failure: { policy: FailurePolicy; expiry: string }
  approval: { tasks: readonly string[]; all: boolean }
  timeout: string | undefined
  /** `KIND=FILE` each. */
  reports: readonly string[]
  view: ViewFlags
}

export interface StartFlags extends ExecutionFlags {
  source: { untracked: boolean; ignored: boolean; withoutGit: boolean; ref: RefOptions }
  selection: { runs: readonly string[]; tasks: readonly string[]; only: boolean }
  strictVariables: boolean
  strict: boolean
  list: boolean
  allowEmpty: boolean
}

/** One round of a watch. */
export interface RoundOptions {
  /** Aborted when the round is to stop, with what to say. */
  signal: AbortSignal
  onRestart: () => Promise<void>
  onQuit: () => Promise<void>
  onFinished: (run: RunWithConfig) => void
  choose: (compiled: readonly CompiledRun[]) => CompiledRun[]
  /** What was answered in earlier rounds, by the names of variables. */
  answers: Map<string, string | null>
}

/** Runs the config of the repository around the directory once and gives the exit code. */
export async function startDirectRun(flags: StartFlags, round?: RoundOptions): Promise<number> {
  const { source, selection, strict, strictVariables, list, allowEmpty, view } = flags
  return await runInvocation({
    ...invocationFlags(flags),
    stopSignal: round?.signal,
    onRestart: round?.onRestart,
    onQuit: round?.onQuit,
    onFinished: round?.onFinished,
    open: (options, questions) => {
      const request = executionRequest(flags, questions, options)
      const asks = !list && wantsQuestions(view, process)
      const askUndefined = asks ? onceEach(questions.undefinedVariable, round?.answers) : null
      const variables = { ...request.variables, strict: strictVariables, askUndefined }
      return openDirectRun(
        { ...request, source, selection, strict, variables, plan: list, choose: round?.choose },
        options,
      )
    },
    beforeStart: async (opened, { stdout, presenter }) => {
      if (list) {
        await stdout.write(view.output === 'text' ? planText(opened) : `${JSON.stringify({ runs: planOf(opened) })}\n`)
        if (opened.compiled.length > 0) return exitCodes.success
        await presenter.notice(nothingText(opened))
        return allowEmpty ? exitCodes.success : exitCodes.nothingToRun
      }
      if (opened.leftOut > 0 && opened.compiled.length === 0) {
        await presenter.notice('agola: no task depends on what changed')
        return exitCodes.success
      }
      return opened.compiled.length > 0 ? null : await nothingToRun(opened, allowEmpty, presenter)
    },
  })
}

export interface RestartFlags extends ExecutionFlags {
  /** undefined: the newest. */
  number: number | undefined
  fromStart: boolean
  /** Values of --var on the command line. */
  typedVariables: readonly string[]
}

/** Runs a run of this repository again and gives the exit code. */
export async function restartDirectRun(flags: RestartFlags): Promise<number> {
  const { number, fromStart, typedVariables } = flags
  return await runInvocation({
    ...invocationFlags(flags),
    open: async (options, questions) => {
      const { openRestart } = await import('../engine/direct-restart.ts')
      const request = executionRequest(flags, questions, options)
      return await openRestart({ ...request, number, fromStart, typedVariables }, options)
    },
  })
}

/** Who acts here, as runs record it. */
export function localApprover(): string {
  return `local:${userName()}@${hostname()}`
}

/** Asks no question twice. */
function onceEach(
  ask: Questions['undefinedVariable'],
  answers = new Map<string, string | null>(),
): Questions['undefinedVariable'] {
  if (ask === null) return null
  return async (name, places) => {
    const known = answers.get(name)
    if (known !== undefined) return known
    const answer = await ask(name, places)
    answers.set(name, answer)
    return answer
  }
}

function executionRequest(
  { directory, environment, variables, engine, failure, approval, view }: ExecutionFlags,
  { hidden, host }: Questions,
  { onNotice }: Pick<DirectRunOptions, 'onNotice'>,
): ExecutionRequest {
  const { grace, archMismatch, ...rest } = engine
  return {
    directory,
    environment,
    variables: { ...variables, askHidden: hidden },
    engine: {
      ...rest,
      archMismatch: { policy: archMismatch, onNotice },
      graceMs: parseDurationFlag('grace', grace),
      pauseExpiryMs: pauseExpiryMs(failure),
      askForHost: host,
    },
    approvals: approval.tasks,
    approver: localApprover(),
    debug: view.debug,
  }
}

function invocationFlags(flags: ExecutionFlags) {
  const { directory, environment, view, approval, reports, timeout, engine, failure } = flags
  return {
    directory,
    environment,
    // A shell that opens by itself needs the terminal for itself.
    view: failure.policy === 'shell' ? { ...view, screen: false } : view,
    reports,
    approval,
    onFailure: failure.policy,
    timeoutMs: timeout === undefined ? null : parseDurationFlag('timeout', timeout),
    graceMs: parseDurationFlag('grace', engine.grace),
    afterwards: async () => (await import('./clean.ts')).cleanAfterRun(directory, environment),
  }
}

function pauseExpiryMs({ policy, expiry }: ExecutionFlags['failure']): number | null {
  const expiryMs = parseDurationFlag('pause-expiry', expiry)
  return policy === 'stop' ? null : expiryMs
}

async function nothingToRun(opened: StartedDirectRun, allowEmpty: boolean, presenter: Presenter): Promise<number> {
  await presenter.notice(nothingText(opened))
  const exitCode = allowEmpty ? exitCodes.success : exitCodes.nothingToRun
  await presenter.finish({ ...opened.facts, exitCode })
  return exitCode
}

function nothingText({ facts, skipped }: StartedDirectRun): string {
  return `nothing to run for ${facts.ref}: ${whyNoRun(skipped)}. --branch, --tag and --ref run as another ref.`
}

interface PlannedTask {
  name: string
  skip: boolean
  approval: boolean
  depends: string[]
}

function planOf({ compiled }: StartedDirectRun): { name: string; tasks: PlannedTask[] }[] {
  return compiled.map(({ name, tasks }) => ({
    name,
    tasks: Object.values(tasks).map((task) => ({
      name: task.name,
      skip: task.skip,
      approval: task.needsApproval,
      depends: Object.values(task.depends).map(({ taskId }) => tasks[taskId]?.name ?? ''),
    })),
  }))
}

function planText(opened: StartedDirectRun): string {
  const lines = planOf(opened).flatMap(({ name, tasks }) => [
    name,
    ...tasks.map((task) => `  ${task.name}${notesOf(task)}`),
  ])
  return lines.map((line) => `${line}\n`).join('')
}

function notesOf({ skip, approval, depends }: PlannedTask): string {
  const notes = [
    skip ? 'skipped by when' : '',
    approval ? 'needs approval' : '',
    depends.length > 0 ? `after ${depends.join(', ')}` : '',
  ]
  const text = notes.filter((note) => note !== '').join('; ')
  return text === '' ? '' : `  (${text})`
}
