import { AgolaCommand } from '../../cli/agola-command.ts'
import { storeFlag } from '../../cli/store-flag.ts'

export default class MaintenanceDisable extends AgolaCommand {
  static override summary = 'Take new runs again.'
  static override flags = { store: storeFlag }

  override async run(): Promise<void> {
    const { flags } = await this.parse(MaintenanceDisable)
    const { disableMaintenance } = await import('../../cli/store-commands.ts')
    await disableMaintenance({ store: flags.store })
  }
}
