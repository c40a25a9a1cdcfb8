import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'

export default class CacheRm extends AgolaCommand {
  static override summary = 'Remove caches by their keys.'
  static override examples = ['<%= config.bin %> cache rm go-mod-5f2a', '<%= config.bin %> cache rm --prefix go-mod-']
  static override strict = false
  static override args = { key: Args.string({ description: 'key of a cache; several may be given', required: true }) }
  static override flags = {
    prefix: Flags.boolean({ summary: 'every cache whose key begins with KEY' }),
    all: Flags.boolean({ summary: 'of every repository on this machine, not only this one' }),
  }

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(CacheRm)
    const { removeCaches } = await import('../../cli/caches.ts')
    await removeCaches(argv.map(String), flags)
  }
}
