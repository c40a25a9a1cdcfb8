import { Command } from '@oclif/core'
import { textOrJsonFlag } from '../../cli/flags.ts'
import { storeFlag } from '../../cli/store-flag.ts'

export default class MaintenanceStatus extends Command {
  static override summary = 'Say whether new runs are taken, and how many are under way.'
  static override flags = { store: storeFlag, output: textOrJsonFlag() }

  override async run(): Promise<void> {
    const { flags } = await this.parse(MaintenanceStatus)
    const { showMaintenance } = await import('../../cli/store-commands.ts')
    await showMaintenance({ store: flags.store, output: flags.output })
  }
}
