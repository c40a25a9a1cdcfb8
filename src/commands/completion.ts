import * as Args from '@oclif/core/args'
import { Config } from '@oclif/core/config'
import { AgolaCommand } from '../cli/agola-command.ts'
import { completionScript, completionShells } from '../cli/completion-script.ts'

export default class Completion extends AgolaCommand {
  static override summary = 'Print a completion script for your shell.'
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish | source',
  ]
  static override args = {
    shell: Args.string({ description: 'the shell', options: completionShells, required: true }),
  }

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion)
    const { commands: all } = await Config.load({ root: this.config.root })
    const commands = all
      .filter(({ hidden }) => hidden !== true)
      .map(({ id, summary, args, flags }) => ({
        words: id.replaceAll(':', ' '),
        summary: summary ?? '',
        argumentOptions: Object.values(args)[0]?.options,
        flags: Object.values(flags)
          .filter(({ hidden }) => hidden !== true)
          .map((flag) => ({
            name: flag.name,
            char: flag.char,
            summary: flag.summary ?? flag.description ?? '',
            boolean: flag.type === 'boolean',
            options: flag.type === 'option' ? flag.options : undefined,
          })),
      }))
    this.log(completionScript(args.shell as (typeof completionShells)[number], this.config.bin, commands))
  }
}
