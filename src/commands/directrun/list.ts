import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { textOrJsonFlag } from '../../cli/flags.ts'

export default class DirectRunList extends AgolaCommand {
  static override summary = 'Show the runs of this repository, newest first.'
  static override flags = {
    limit: Flags.integer({ summary: 'how many', default: 20, min: 1, max: 1000 }),
    start: Flags.integer({ summary: 'only runs before this number', min: 1 }),
    output: textOrJsonFlag(),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(DirectRunList)
    const { list } = await import('../../cli/local-runs.ts')
    await list(flags)
  }
}
