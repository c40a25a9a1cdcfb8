import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { refFlags } from '../../cli/flags.ts'

export default class ConfigRender extends AgolaCommand {
  static override summary = 'Print the config as it evaluates for a ref.'
  static override args = {
    path: Args.string({
      description:
        'directory that holds .agola, or a config file (default: of the repository, else the nearest upwards)',
    }),
  }
  static override flags = {
    ...refFlags,
    format: Flags.option({
      options: ['json', 'yaml'] as const,
      default: 'json' as const,
      summary: 'form of the document',
    })(),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigRender)
    const { renderConfig } = await import('../../cli/config-commands.ts')
    const request = { directory: process.cwd(), path: args.path, ref: flags, strict: false }
    process.exitCode = await renderConfig(request, flags.format, {
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
    })
  }
}
