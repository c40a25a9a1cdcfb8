import { AgolaCommand } from '../../cli/agola-command.ts'
import { textOrJsonFlag } from '../../cli/flags.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class CacheExplain extends AgolaCommand {
  static override summary = 'Say which caches a run asked for, which it got and why, and what it saved.'
  static override args = { number: runNumber({ description: 'number of the run (default: the newest)' }) }
  static override flags = { output: textOrJsonFlag() }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(CacheExplain)
    const { explainCaches } = await import('../../cli/caches.ts')
    await explainCaches(args.number, flags)
  }
}
