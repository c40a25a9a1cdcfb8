import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { executionFlagSet, executionFlags } from '../../cli/execution-flags.ts'
import { completeFlags, environmentSource, ofCommandLine, withVariables } from '../../cli/flag-variables.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunRestart extends AgolaCommand {
  static override summary = 'Run a run again, on the tree it was started from.'
  static override description =
    'With --from-failed the tasks that succeeded are kept with their logs and workspaces: only those that ' +
    'did not, and what depends on them, run again. Secrets are never stored: give them again.'
  static override examples = [
    '<%= config.bin %> directrun restart --from-failed',
    '<%= config.bin %> directrun restart 12',
  ]
  static override args = { number: runNumber({ description: 'number of the run (default: the newest)' }) }
  static override flags = {
    ...withVariables(executionFlagSet),
    'from-failed': Flags.boolean({ summary: 'keep the tasks that succeeded' }),
  }

  override async run(): Promise<void> {
    const parsed = await this.parse(ofCommandLine(DirectRunRestart))
    const { restartDirectRun, userDefaults } = await import('../../cli/direct-run.ts')
    const flags = await completeFlags(DirectRunRestart.flags, parsed, [
      environmentSource(process.env),
      await userDefaults(process.cwd(), process.env, async () => (await import('./start.ts')).default.flags),
    ])
    process.exitCode = await restartDirectRun({
      ...executionFlags(flags),
      number: parsed.args.number,
      fromStart: !flags['from-failed'],
      typedVariables: parsed.flags.var ?? [],
    })
  }
}
