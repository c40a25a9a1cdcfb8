import { AgolaCommand } from '../../cli/agola-command.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunPin extends AgolaCommand {
  static override summary = 'Keep a run of this repository, with its logs and workspaces, from being cleaned.'
  static override args = { number: runNumber({ required: true }) }

  override async run(): Promise<void> {
    const { args } = await this.parse(DirectRunPin)
    const { pin } = await import('../../cli/local-runs.ts')
    await pin(args.number)
  }
}
