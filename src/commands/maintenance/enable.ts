import { AgolaCommand } from '../../cli/agola-command.ts'
import { storeFlag } from '../../cli/store-flag.ts'

export default class MaintenanceEnable extends AgolaCommand {
  static override summary = 'Take no new runs; those under way go on to their end.'
  static override flags = { store: storeFlag }

  override async run(): Promise<void> {
    const { flags } = await this.parse(MaintenanceEnable)
    const { enableMaintenance } = await import('../../cli/store-commands.ts')
    await enableMaintenance({ store: flags.store })
  }
}
