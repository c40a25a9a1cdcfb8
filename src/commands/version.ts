import { AgolaCommand } from '../cli/agola-command.ts'

export default class Version extends AgolaCommand {
  static override summary = 'Show the version of agola.'

  override async run(): Promise<void> {
    await this.parse(Version)
    this.log(`agola version ${this.config.version}`)
  }
}
