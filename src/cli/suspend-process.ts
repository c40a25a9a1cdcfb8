import { setTimeout as wait } from 'node:timers/promises'
import { isInForeground } from './foreground.ts'

const foregroundPollMs = 500

/** What Ctrl-Z does where keys are not read as bytes, for all processes that were started together with this one. Resolves when
 *  this one may read keys again. */
export async function suspendProcess(): Promise<void> {
  process.kill(0, 'SIGTSTP')
  // Here the process stands still until somebody continues it; in the background the terminal stays with others.
  do await wait(foregroundPollMs)
  while (!isInForeground())
}
