import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { textOrJsonFlag } from '../../cli/flags.ts'

export default class CacheList extends AgolaCommand {
  static override summary = 'Show the caches of this repository, with their size, age and last use.'
  static override flags = {
    all: Flags.boolean({ summary: 'of every repository on this machine' }),
    output: textOrJsonFlag(),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(CacheList)
    const { listCaches } = await import('../../cli/caches.ts')
    await listCaches(flags)
  }
}
