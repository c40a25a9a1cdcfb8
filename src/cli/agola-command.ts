import { Command } from '@oclif/core/command'
import type { Config } from '@oclif/core/config'

/** One command, as `commands.ts` names it. */
export type CommandClass = (new (
  words: string[],
  config: Config,
) => AgolaCommand) &
  Pick<typeof AgolaCommand, 'id' | 'start' | 'flags'>

/** What all commands have in common. */
export abstract class AgolaCommand extends Command {
  /** Parses the words and runs. As oclif's own `run`, which reads the configuration of the whole program once more. */
  static async start(this: new (words: string[], config: Config) => AgolaCommand, words: string[], config: Config) {
    await new this(words, config)._run()
  }
}
