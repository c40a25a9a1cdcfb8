import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { refFlags, textOrJsonFlag } from '../../cli/flags.ts'

export default class ConfigValidate extends AgolaCommand {
  static override summary = 'Check the config and report everything that is wrong with it.'
  static override description = 'Exit code 0: valid, perhaps with warnings. 3: not valid.'
  static override args = {
    path: Args.string({
      description:
        'directory that holds .agola, or a config file (default: of the repository, else the nearest upwards)',
    }),
  }
  static override flags = {
    ...refFlags,
    strict: Flags.boolean({ summary: 'unknown keys are errors' }),
    output: textOrJsonFlag(),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigValidate)
    const { validateConfig } = await import('../../cli/config-commands.ts')
    const request = { directory: process.cwd(), path: args.path, ref: flags, strict: flags.strict }
    process.exitCode = await validateConfig(request, flags.output, {
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
    })
  }
}
