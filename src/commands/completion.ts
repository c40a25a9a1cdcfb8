import { Args, Command } from '@oclif/core'
import { completionScript, completionShells } from '../cli/completion-script.ts'

export default class Completion extends Command {
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
    const commands = this.config.commands
      .filter(({ hidden }) => hidden !== true)
      .map(({ id, summary, flags }) => ({
        words: id.replaceAll(':', ' '),
        summary: summary ?? '',
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
