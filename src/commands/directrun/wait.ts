import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunWait extends AgolaCommand {
  static override summary = 'Wait until a run is over; its result is the exit code.'
  static override args = { number: runNumber({ description: 'number of the run (default: the newest)' }) }
  static override flags = {
    'until-paused': Flags.boolean({ summary: 'or until a step of it is paused; the exit code is 77 then' }),
    timeout: Flags.string({ summary: 'give up after this time, such as 10m, with exit code 5' }),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunWait)
    const { wait } = await import('../../cli/local-runs.ts')
    process.exitCode = await wait(args.number, flags.timeout, flags['until-paused'])
  }
}
