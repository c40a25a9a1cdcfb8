import { Command } from '@oclif/core'

export default class Version extends Command {
  static override summary = 'Show the version of agola.'

  override async run(): Promise<void> {
    await this.parse(Version)
    this.log(`agola version ${this.config.version}`)
  }
}
