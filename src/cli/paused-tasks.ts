import { describeSync } from '../engine/embedded-pauses.ts'
import { openLocalPauses } from '../engine/local-pauses.ts'
import { AgolaError } from '../engine/model/errors.ts'
import type { PausedTask, Pauses, SyncResult } from '../engine/ports/pauses.ts'
import { attachShell } from './attach-shell.ts'

/** What the commands do that act on paused tasks, whichever process runs them. */

export interface PausedTaskFlags {
  /** Name or id; undefined: the one that is paused. */
  task: string | undefined
  /** Number; undefined: the newest run with a paused task. */
  run: number | undefined
}

export async function retryPaused(flags: PausedTaskFlags, sync: boolean): Promise<void> {
  const { pauses, task } = await find(flags)
  const result = await pauses.retry(task, { sync })
  process.stdout.write(`${syncText(result)}running ${task.step} of ${task.task} again\n`)
}

export async function skipPaused(flags: PausedTaskFlags): Promise<void> {
  const { pauses, task } = await find(flags)
  await pauses.skip(task)
  process.stdout.write(`going on with ${task.task} as if ${task.step} had succeeded\n`)
}

export async function continuePaused(flags: PausedTaskFlags): Promise<void> {
  const { pauses, task } = await find(flags)
  await pauses.continue(task)
  process.stdout.write(`${task.step} of ${task.task} stays failed\n`)
}

/** Gives the exit code of the shell or command. */
export async function shellInPaused(flags: PausedTaskFlags, command: readonly string[]): Promise<number> {
  const { pauses, task } = await find(flags)
  return await attachShell(pauses, task, command)
}

/** The paused task that is meant. `taskNotPaused` names those that are. */
export function choosePaused(paused: readonly PausedTask[], { task, run }: PausedTaskFlags): PausedTask {
  const number = run ?? Math.max(...paused.map((each) => each.run))
  const inRun = paused.filter((each) => each.run === number)
  const found = task === undefined ? inRun : inRun.filter((each) => each.task === task || each.taskId === task)
  const [chosen] = found
  if (chosen !== undefined && found.length === 1) return chosen
  if (paused.length === 0)
    throw new AgolaError(
      'taskNotPaused',
      'no task of this repository is paused; agola directrun start --on-failure pause keeps the pods of failing steps',
    )
  const known = paused.map((each) => `${JSON.stringify(each.task)} of run ${each.run}`).join(', ')
  const wanted = task === undefined ? `run ${number}` : `task ${JSON.stringify(task)} of run ${number}`
  throw new AgolaError(
    'taskNotPaused',
    found.length > 1 ? `name one of the paused tasks: ${known}` : `${wanted} is not paused; these are: ${known}`,
  )
}

/** What was done before a retry, as a line; '' when nothing was asked for. */
export function syncText(result: SyncResult | null): string {
  if (result === null) return ''
  if (result.note !== '') return `nothing was taken over from the work tree: ${result.note}\n`
  const text = describeSync(result)
  return text === '' ? 'the work tree has not changed\n' : `taken over from the work tree: ${text}\n`
}

async function find(flags: PausedTaskFlags): Promise<{ pauses: Pauses; task: PausedTask }> {
  const pauses = await openLocalPauses(process.cwd(), process.env)
  return { pauses, task: choosePaused(await pauses.list(), flags) }
}
