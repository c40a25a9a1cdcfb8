import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { pausedTaskArgs, pausedTaskFlagSet, pausedTaskFlags } from '../../cli/paused-task-flags.ts'

export default class DirectRunRetry extends AgolaCommand {
  static override summary = 'Run the failed step of a paused task again.'
  static override description =
    "First what was added, changed or deleted in the work tree since the run's snapshot is changed in the " +
    'pod too, where the task has cloned. Only this pod changes: tasks that clone later get the snapshot.'
  static override examples = ['<%= config.bin %> directrun retry', '<%= config.bin %> directrun retry build --no-sync']
  static override args = pausedTaskArgs
  static override flags = {
    ...pausedTaskFlagSet,
    sync: Flags.boolean({ summary: 'take over changes of the work tree first', default: true, allowNo: true }),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunRetry)
    const { retryPaused } = await import('../../cli/paused-tasks.ts')
    await retryPaused(pausedTaskFlags(args, flags), flags.sync)
  }
}
