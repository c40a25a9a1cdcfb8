import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../cli/agola-command.ts'
import { textOrJsonFlag } from '../cli/flags.ts'

export default class Clean extends AgolaCommand {
  static override summary = 'Remove what nobody needs any more on this machine.'
  static override description =
    'Removes containers and files of processes that died, runs beyond the last 50 of a repository that ' +
    'are older than 30 days, logs after 30 days, workspaces after 7 days, and snapshots that no kept run ' +
    'was started from. The same happens by itself once a day at the end of a direct run, containers ' +
    'aside, which every start looks after.'
  static override examples = ['<%= config.bin %> clean --dry-run', '<%= config.bin %> clean --cache --all']
  static override flags = {
    cache: Flags.boolean({ summary: 'all caches of all repositories too' }),
    all: Flags.boolean({
      summary: 'the tools that this user made in the container engine too: the next run makes them again',
    }),
    kept: Flags.boolean({ summary: 'pods that --keep has kept too, though their hour is not over' }),
    refs: Flags.boolean({
      summary: 'old refs/gitsave/* in this repository too, which another command line leaves there',
    }),
    'dry-run': Flags.boolean({ summary: 'only say what would be removed' }),
    output: textOrJsonFlag(),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Clean)
    const { cleanAll } = await import('../cli/clean.ts')
    const { cache: caches, all: tools, refs, kept, 'dry-run': dryRun, output } = flags
    await cleanAll({ caches, tools, refs, kept, dryRun, output })
  }
}
