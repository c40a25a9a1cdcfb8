import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { textOrJsonFlag } from '../../cli/flags.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunInspect extends AgolaCommand {
  static override summary = 'Show one run with its tasks and steps.'
  static override args = { number: runNumber({ description: 'number of the run (default: the newest)' }) }
  static override examples = [
    '<%= config.bin %> directrun inspect 12',
    '<%= config.bin %> directrun inspect --task build',
  ]
  static override flags = {
    task: Flags.string({ summary: 'only this task, with what it depends on and all of its steps' }),
    output: textOrJsonFlag(),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunInspect)
    const { inspect } = await import('../../cli/local-runs.ts')
    await inspect(args.number, flags)
  }
}
