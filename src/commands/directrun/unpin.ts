import * as Args from '@oclif/core/args'
import { AgolaCommand } from '../../cli/agola-command.ts'

export default class DirectRunUnpin extends AgolaCommand {
  static override summary = 'Let a run of this repository be cleaned again when it is old.'
  static override args = { number: Args.integer({ description: 'number of the run', required: true }) }

  override async run(): Promise<void> {
    const { args } = await this.parse(DirectRunUnpin)
    const { unpin } = await import('../../cli/local-runs.ts')
    await unpin(args.number)
  }
}
