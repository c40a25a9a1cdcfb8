import { AgolaCommand } from '../../cli/agola-command.ts'

export default class ConfigSchema extends AgolaCommand {
  static override summary = 'Print the JSON Schema of the config, for editors.'

  override async run(): Promise<void> {
    await this.parse(ConfigSchema)
    const { schemaText } = await import('../../cli/config-commands.ts')
    process.stdout.write(await schemaText())
  }
}
