import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'

export default class CachePrune extends AgolaCommand {
  static override summary = 'Remove caches that nobody has used for long, then the longest unused until the rest fits.'
  static override description =
    'The caches of all repositories share the space. The same happens by itself once a day at the end of a direct run.'
  static override flags = {
    'max-size': Flags.string({ summary: 'of all caches together (default: 10Gi)' }),
    'older-than': Flags.string({ summary: 'neither saved nor used for so long (default: 14d)' }),
    'dry-run': Flags.boolean({ summary: 'only say what would be removed' }),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(CachePrune)
    const { pruneCaches } = await import('../../cli/caches.ts')
    await pruneCaches({ ...flags, 'max-size': flags['max-size'], 'older-than': flags['older-than'] })
  }
}
