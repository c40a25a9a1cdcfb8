import { AgolaCommand } from '../../cli/agola-command.ts'
import { pausedTaskArgs, pausedTaskFlagSet, pausedTaskFlags } from '../../cli/paused-task-flags.ts'

export default class DirectRunContinue extends AgolaCommand {
  static override summary = 'Let the failure of a paused task stand.'
  static override args = pausedTaskArgs
  static override flags = pausedTaskFlagSet

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunContinue)
    const { continuePaused } = await import('../../cli/paused-tasks.ts')
    await continuePaused(pausedTaskFlags(args, flags))
  }
}
