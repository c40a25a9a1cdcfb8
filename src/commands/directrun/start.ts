import { Command, Flags } from '@oclif/core'
import { outputFlag, refFlags, refOptions } from '../../cli/flags.ts'

const env = (name: string) => `AGOLA_DIRECTRUN_${name.toUpperCase().replaceAll('-', '_')}`

export default class DirectRunStart extends Command {
  static override summary = "Run this repository's .agola config here, in containers, on the tree as it is."
  static override description =
    `Takes a snapshot of the work tree, uncommitted and untracked files included, and runs what the config says for the
current branch. No server is needed and nothing of the repository is changed.

Exit codes: 0 all runs succeeded, 1 a run failed, 2 wrong usage, 3 config or set-up error, 4 stopped, 6 container engine, store or disk,
9 nothing matched, 130 interrupted.`
  static override examples = [
    '<%= config.bin %> directrun start',
    '<%= config.bin %> directrun start --task build --secret TOKEN',
    '<%= config.bin %> directrun start --output ndjson | jq .type',
  ]
  static override flags = {
    ...refFlags,
    local: Flags.boolean({ summary: 'run on this machine; the default', default: false }),
    untracked: Flags.boolean({
      summary: 'include untracked files',
      default: true,
      allowNo: true,
      env: env('untracked'),
    }),
    ignored: Flags.boolean({
      summary: 'include ignored files too',
      default: false,
      allowNo: true,
      env: env('ignored'),
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
      helpGroup: 'SELECTION',
    }),
    list: Flags.boolean({ summary: 'show runs and tasks that would run, and end', helpGroup: 'SELECTION' }),
    'allow-empty': Flags.boolean({
      summary: 'end with 0 when nothing matches',
      env: env('allow-empty'),
      helpGroup: 'SELECTION',
    }),
    var: Flags.string({
      summary: 'variable NAME=VALUE, or NAME from the environment; repeatable',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'VARIABLES',
    }),
    'var-file': Flags.string({
      summary: 'YAML, JSON or .env file of variables; repeatable, later ones win',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'VARIABLES',
    }),
    secret: Flags.string({
      summary: 'as --var, and masked wherever it would show',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'VARIABLES',
    }),
    'secret-file': Flags.string({
      summary: 'as --var-file, and masked',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'VARIABLES',
    }),
    'strict-variables': Flags.boolean({
      summary: 'a variable that nobody gave is an error',
      env: env('strict-variables'),
      helpGroup: 'VARIABLES',
    }),
    driver: Flags.option({
      options: ['auto', 'docker', 'host'] as const,
      default: 'auto' as const,
      summary: 'where steps run: containers, or plain processes without images',
      env: env('driver'),
      helpGroup: 'ENGINE',
    })(),
    'max-tasks': Flags.integer({
      summary: 'tasks at the same time (default: half the processors, at least 2)',
      min: 1,
      env: env('max-tasks'),
      helpGroup: 'ENGINE',
    }),
    pull: Flags.option({
      options: ['always', 'missing', 'never'] as const,
      default: 'missing' as const,
      summary: 'when to pull images',
      env: env('pull'),
      helpGroup: 'ENGINE',
    })(),
    'tools-image': Flags.string({
      summary: 'image that holds a static busybox',
      env: env('tools-image'),
      helpGroup: 'ENGINE',
    }),
    'allow-privileged': Flags.boolean({
      summary: 'allow privileged containers',
      env: env('allow-privileged'),
      helpGroup: 'ENGINE',
    }),
    timeout: Flags.string({
      summary: 'stop everything after this time, such as 30m',
      env: env('timeout'),
      helpGroup: 'ENGINE',
    }),
    grace: Flags.string({
      summary: 'time that a stopped step gets before it is killed',
      default: '10s',
      env: env('grace'),
      helpGroup: 'ENGINE',
    }),
    approve: Flags.string({
      summary: 'approve this task when it asks; repeatable',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'APPROVAL',
    }),
    'approve-all': Flags.boolean({ summary: 'approve every task that asks', helpGroup: 'APPROVAL' }),
    strict: Flags.boolean({ summary: 'unknown keys of the config are errors', env: env('strict') }),
    quiet: Flags.boolean({ char: 'q', summary: 'no output of steps that succeed', env: env('quiet') }),
    color: Flags.boolean({ summary: 'colours (default: on a terminal, unless NO_COLOR is set)', allowNo: true }),
    output: outputFlag(),
    debug: Flags.boolean({ summary: "the engine's own log on stderr", env: 'AGOLA_DEBUG' }),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(DirectRunStart)
    const { startDirectRun } = await import('../../cli/direct-run.ts')
    process.exitCode = await startDirectRun({
      directory: process.cwd(),
      environment: process.env,
      source: {
        untracked: flags.untracked,
        ignored: flags.ignored,
        ref: refOptions(flags),
      },
      selection: { runs: flags.run ?? [], tasks: flags.task ?? [], only: flags.only },
      variables: {
        variables: flags.var ?? [],
        variableFiles: flags['var-file'] ?? [],
        secrets: flags.secret ?? [],
        secretFiles: flags['secret-file'] ?? [],
        strict: flags['strict-variables'],
      },
      engine: {
        driver: flags.driver,
        tasksMax: flags['max-tasks'],
        pull: flags.pull,
        toolsImage: flags['tools-image'],
        allowPrivileged: flags['allow-privileged'],
        grace: flags.grace,
      },
      approval: { tasks: flags.approve ?? [], all: flags['approve-all'] },
      timeout: flags.timeout,
      strict: flags.strict,
      list: flags.list,
      allowEmpty: flags['allow-empty'],
      view: { quiet: flags.quiet, color: flags.color, output: flags.output, debug: flags.debug },
    })
  }
}
