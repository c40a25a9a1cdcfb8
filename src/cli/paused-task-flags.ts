import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type { PausedTaskFlags } from './paused-tasks.ts'

/** What the commands take that act on a paused task. */
export const pausedTaskArgs = {
  // What is piped in is for the shell.
  task: Args.string({ description: 'name of the task (default: the one that is paused)', ignoreStdin: true }),
}

export const pausedTaskFlagSet = {
  run: Flags.integer({ summary: 'number of its run (default: the newest with a paused task)', min: 1 }),
}

export function pausedTaskFlags(
  args: { task: string | undefined },
  flags: { run: number | undefined },
): PausedTaskFlags {
  return { task: args.task, run: flags.run }
}
