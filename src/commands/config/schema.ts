import { Command } from '@oclif/core'

export default class ConfigSchema extends Command {
  static override summary = 'Print the JSON Schema of the config, for editors.'

  override async run(): Promise<void> {
    await this.parse(ConfigSchema)
    const { schemaText } = await import('../../cli/config-commands.ts')
    process.stdout.write(await schemaText())
  }
}
