import { AgolaCommand } from '../../cli/agola-command.ts'
import { pausedTaskArgs, pausedTaskFlagSet, pausedTaskFlags } from '../../cli/paused-task-flags.ts'

export default class DirectRunSkip extends AgolaCommand {
  static override summary = 'Go on with a paused task as if its step had succeeded.'
  static override args = pausedTaskArgs
  static override flags = pausedTaskFlagSet

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunSkip)
    const { skipPaused } = await import('../../cli/paused-tasks.ts')
    await skipPaused(pausedTaskFlags(args, flags))
  }
}
