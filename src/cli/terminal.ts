import type { GroupStyle } from '../views/log-groups.ts'
import type { PresenterOptions } from './presenter.ts'

export interface ViewFlags {
  output: 'text' | 'json' | 'ndjson'
  quiet: boolean
  /** undefined: decide by the terminal. */
  color: boolean | undefined
  debug: boolean
  /** Show runs on a screen where the terminal can. */
  screen: boolean
}

const screenColumnsMin = 40
const screenRowsMin = 10

/** Whether to draw on a screen: a person looks at the terminal, and it is large enough and can do it. */
export function wantsScreen(
  { output, quiet, debug, screen }: ViewFlags,
  environment: NodeJS.ProcessEnv,
  { stdin, stdout, isInForeground }: Pick<NodeJS.Process, 'stdin' | 'stdout'> & { isInForeground: () => boolean },
): boolean {
  if (!screen || output !== 'text' || quiet || debug) return false
  if (isContinuousIntegration(environment) || environment.TERM === undefined || environment.TERM === 'dumb')
    return false
  if (!stdin.isTTY || !stdout.isTTY || !isInForeground()) return false
  return stdout.columns >= screenColumnsMin && stdout.rows >= screenRowsMin
}

/** Whether a person can be asked: one of the standard streams is a terminal, and its keys are ours to read. */
export function isSomebodyThere(
  environment: NodeJS.ProcessEnv,
  process: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'> & {
    isInForeground: () => boolean
    hasControllingTerminal: () => boolean
  },
): boolean {
  const { stdin, stdout, stderr, isInForeground, hasControllingTerminal } = process
  if (isContinuousIntegration(environment) || !(stdin.isTTY || stdout.isTTY || stderr.isTTY)) return false
  return isInForeground() && hasControllingTerminal()
}

/** Whether to ask for what a run can do without: a person has the terminal for input and messages, and wants to read. */
export function wantsQuestions(
  { output, quiet }: Pick<ViewFlags, 'output' | 'quiet'>,
  { stdin, stderr }: Pick<NodeJS.Process, 'stdin' | 'stderr'>,
): boolean {
  return output === 'text' && !quiet && stdin.isTTY === true && stderr.isTTY === true
}

function isContinuousIntegration({ CI }: NodeJS.ProcessEnv): boolean {
  return CI !== undefined && CI !== '' && CI !== 'false' && CI !== '0'
}

/** How to print, from flags, environment and what each output is. */
export function terminalOptions({ output, quiet, color }: ViewFlags, environment: NodeJS.ProcessEnv): PresenterOptions {
  const width = process.stdout.isTTY ? (process.stdout.columns ?? 0) : 0
  return {
    output,
    quiet,
    color: color ?? wantsColor(environment, process.stdout),
    errorColor: color ?? wantsColor(environment, process.stderr),
    width,
    groups: groupStyle(environment),
    bin: 'agola',
  }
}

/** `NO_COLOR` wins, then `FORCE_COLOR`, then whether the stream is a terminal. */
export function wantsColor(
  environment: NodeJS.ProcessEnv,
  stream: Pick<NodeJS.WriteStream, 'isTTY'> = process.stdout,
): boolean {
  if (environment.NO_COLOR) return false
  if (environment.FORCE_COLOR && environment.FORCE_COLOR !== '0') return true
  return stream.isTTY === true && environment.TERM !== 'dumb'
}

/** Output of steps is folded where the CI service that runs us knows how to. */
export function groupStyle(environment: NodeJS.ProcessEnv): GroupStyle | undefined {
  if (environment.GITHUB_ACTIONS === 'true') return 'github'
  return environment.GITLAB_CI === 'true' ? 'gitlab' : undefined
}
