import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../cli/agola-command.ts'
import { storeFlag } from '../cli/store-flag.ts'

export default class Import extends AgolaCommand {
  static override summary = 'Replace all runs of a store by those of an export.'
  static override description =
    'The store must be in maintenance and no run under way. Everything is checked first and switched in ' +
    'one step: after any failure the store is as it was before. Numbers that were given away are not ' +
    'given again.'
  static override examples = [
    '<%= config.bin %> maintenance enable && <%= config.bin %> import --in runs.ndjson && <%= config.bin %> maintenance disable',
  ]
  static override flags = {
    store: storeFlag,
    in: Flags.string({ summary: 'file; - is standard input', default: '-' }),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Import)
    const { importStore } = await import('../cli/store-commands.ts')
    await importStore({ store: flags.store, in: flags.in })
  }
}
