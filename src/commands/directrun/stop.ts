import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunStop extends AgolaCommand {
  static override summary = 'Stop a run of this repository, in whichever terminal it goes on.'
  static override args = { number: runNumber({ description: 'number of the run (default: the newest)' }) }
  static override flags = { wait: Flags.boolean({ summary: 'until it has stopped' }) }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunStop)
    const { stop } = await import('../../cli/local-runs.ts')
    process.exitCode = await stop(args.number, flags.wait)
  }
}
