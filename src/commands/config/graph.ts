import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { refFlags } from '../../cli/flags.ts'

export default class ConfigGraph extends AgolaCommand {
  static override summary = 'Draw the tasks of the config and what they depend on.'
  static override description = 'Exit code 3: the config is not valid. 9: no run matches the ref.'
  static override args = {
    path: Args.string({
      description:
        'directory that holds .agola, or a config file (default: of the repository, else the nearest upwards)',
    }),
  }
  static override flags = {
    ...refFlags,
    format: Flags.option({
      options: ['text', 'dot', 'mermaid'] as const,
      default: 'text' as const,
      summary: 'form of the picture',
    })(),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigGraph)
    const { graphConfig } = await import('../../cli/config-commands.ts')
    const request = { directory: process.cwd(), path: args.path, ref: flags, strict: false }
    process.exitCode = await graphConfig(request, flags.format, {
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
    })
  }
}
