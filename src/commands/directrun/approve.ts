import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunApprove extends AgolaCommand {
  static override summary = 'Approve tasks that wait for it.'
  static override strict = false
  static override usage = 'directrun approve NUMBER [TASK...] [--task NAME...] [--all]'
  static override args = {
    number: runNumber({ required: true }),
    task: Args.string({ description: 'names of tasks' }),
  }
  static override flags = {
    task: Flags.string({ summary: 'name of a task; repeatable', multiple: true, multipleNonGreedy: true }),
    all: Flags.boolean({ summary: 'every task that waits' }),
  }

  override async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(DirectRunApprove)
    const { approve } = await import('../../cli/local-runs.ts')
    await approve(args.number, [...argv.slice(1).map(String), ...(flags.task ?? [])], flags.all)
  }
}
