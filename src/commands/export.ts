import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../cli/agola-command.ts'
import { storeFlag } from '../cli/store-flag.ts'

export default class Export extends AgolaCommand {
  static override summary = 'Write all runs that are over, with what they were made of, as one stream.'
  static override description =
    'Works at any time. Logs, workspaces and caches are not part of it. A stream that was cut off is noticed by the import.'
  static override examples = ['<%= config.bin %> export --out runs.ndjson', '<%= config.bin %> export | gzip > runs.gz']
  static override flags = {
    store: storeFlag,
    out: Flags.string({ summary: 'file, which appears whole or not at all; - is standard output', default: '-' }),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Export)
    const { exportStore } = await import('../cli/store-commands.ts')
    process.exitCode = await exportStore({ store: flags.store, out: flags.out })
  }
}
