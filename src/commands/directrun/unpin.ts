import { AgolaCommand } from '../../cli/agola-command.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunUnpin extends AgolaCommand {
  static override summary = 'Let a run of this repository be cleaned again when it is old.'
  static override args = { number: runNumber({ required: true }) }

  override async run(): Promise<void> {
    const { args } = await this.parse(DirectRunUnpin)
    const { unpin } = await import('../../cli/local-runs.ts')
    await unpin(args.number)
  }
}
