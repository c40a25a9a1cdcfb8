import { AgolaCommand } from '../../cli/agola-command.ts'
import { textOrJsonFlag } from '../../cli/flags.ts'
import { storeFlag } from '../../cli/store-flag.ts'

export default class MaintenanceStatus extends AgolaCommand {
  static override summary = 'Say whether new runs are taken, and how many are under way.'
  static override flags = { store: storeFlag, output: textOrJsonFlag() }

  override async run(): Promise<void> {
    const { flags } = await this.parse(MaintenanceStatus)
    const { showMaintenance } = await import('../../cli/store-commands.ts')
    await showMaintenance({ store: flags.store, output: flags.output })
  }
}
