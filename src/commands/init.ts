import { join } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../cli/agola-command.ts'

export default class Init extends AgolaCommand {
  static override summary = 'Write a first .agola config at the root of the repository.'
  static override description =
    'Outside of a git repository it is written into this directory. Without --template the files beside ' +
    'it decide: go.mod, Cargo.toml, package.json, pyproject.toml, Dockerfile.'
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init --template matrix',
    '<%= config.bin %> init --list',
  ]
  static override flags = {
    template: Flags.string({ char: 't', summary: 'name of the template' }),
    list: Flags.boolean({ summary: 'show the templates' }),
    force: Flags.boolean({ char: 'f', summary: 'replace a config that is there' }),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Init)
    const { guessTemplate, templateNames, writeTemplate } = await import('../cli/templates.ts')
    const templates = join(this.config.root, 'templates')
    if (flags.list) {
      for (const name of await templateNames(templates)) this.log(name)
      return
    }
    const { surroundingsOf } = await import('../engine/read-config.ts')
    const { topDirectory } = await surroundingsOf(process.cwd(), process.env)
    const directory = topDirectory ?? process.cwd()
    const name = flags.template ?? (await guessTemplate(directory))
    const { file, removed } = await writeTemplate({ templates, name, directory, force: flags.force })
    for (const path of removed) this.log(`${path} removed: one config is read, and that is the new one now`)
    this.log(`${file} written from the template ${name}. Change what it runs, then: ${this.config.bin} directrun start`)
  }
}
