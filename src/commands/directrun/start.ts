import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { executionFlagSet, executionFlags } from '../../cli/execution-flags.ts'
import { completeFlags, environmentSource, ofCommandLine, withVariables } from '../../cli/flag-variables.ts'
import { refFlags, refOptions } from '../../cli/flags.ts'

export default class DirectRunStart extends AgolaCommand {
  static override summary = "Run this repository's .agola config here, in containers, on the tree as it is."
  static override description =
    'Takes a snapshot of the work tree, uncommitted and untracked files included, and runs what the ' +
    'config says for the current branch. No server is needed. The repository stays as it is, but for a ' +
    'random id that the first run writes into its git config (agola.repouuid), by which caches, run ' +
    'numbers and history are found.\n\n' +
    'Exit codes: 0 all runs succeeded, 1 a run failed, 2 wrong usage, 3 config or set-up error, 4 ' +
    'stopped, 6 container engine, store or disk, 7 not permitted, 9 nothing matched, 129, 130 and 143 ' +
    'ended by HUP, INT and TERM.'
  static override examples = [
    '<%= config.bin %> directrun start',
    '<%= config.bin %> directrun start --task build --secret TOKEN',
    '<%= config.bin %> directrun start --output ndjson | jq .type',
    '<%= config.bin %> directrun start --report junit=report.xml --report html=report.html',
  ]
  static override flags = withVariables({
    ...refFlags,
    ...executionFlagSet,
    local: Flags.boolean({ summary: 'run on this machine; the default', default: false }),
    untracked: Flags.boolean({
      summary: 'include untracked files',
      default: true,
      allowNo: true,
    }),
    ignored: Flags.boolean({
      summary: 'include ignored files too',
      default: false,
      allowNo: true,
    }),
    'no-git': Flags.boolean({
      summary: 'run this directory, which is no git repository, as branch "local" without a commit',
    }),
    run: Flags.string({
      summary: 'only this run of the config; repeatable',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'SELECTION',
    }),
    task: Flags.string({
      summary: 'only this task and those it depends on; repeatable',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'SELECTION',
    }),
    only: Flags.boolean({
      summary: 'with --task: leave out the tasks that it depends on',
      dependsOn: ['task'],
      allowNo: true,
      helpGroup: 'SELECTION',
    }),
    list: Flags.boolean({
      summary: 'show runs and tasks that would run, and end',
      allowNo: true,
      helpGroup: 'SELECTION',
    }),
    'allow-empty': Flags.boolean({
      summary: 'end with 0 when nothing matches',
      allowNo: true,
      helpGroup: 'SELECTION',
    }),
    watch: Flags.boolean({
      summary: 'run again whenever the work tree changes',
      allowNo: true,
      helpGroup: 'SELECTION',
    }),
    'strict-variables': Flags.boolean({
      summary: 'a variable that nobody gave is an error',
      allowNo: true,
      helpGroup: 'VARIABLES',
    }),
    strict: Flags.boolean({ summary: 'unknown keys of the config are errors', allowNo: true }),
  })

  override async run(): Promise<void> {
    const parsed = await this.parse(ofCommandLine(DirectRunStart))
    const { startDirectRun, userDefaults } = await import('../../cli/direct-run.ts')
    const flags = await completeFlags(DirectRunStart.flags, parsed, [
      environmentSource(process.env),
      await userDefaults(process.cwd(), process.env, () => DirectRunStart.flags),
    ])
    const start =
      flags.watch && !flags.list ? (await import('../../cli/watch-direct-run.ts')).watchDirectRun : startDirectRun
    process.exitCode = await start({
      ...executionFlags(flags),
      source: {
        untracked: flags.untracked,
        ignored: flags.ignored,
        withoutGit: flags['no-git'],
        ref: refOptions(flags),
      },
      selection: { runs: flags.run ?? [], tasks: flags.task ?? [], only: flags.only },
      strictVariables: flags['strict-variables'],
      strict: flags.strict,
      list: flags.list,
      allowEmpty: flags['allow-empty'],
    })
  }
}
