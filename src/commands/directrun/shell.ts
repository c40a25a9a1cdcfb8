import { AgolaCommand } from '../../cli/agola-command.ts'
import { pausedTaskArgs, pausedTaskFlagSet, pausedTaskFlags } from '../../cli/paused-task-flags.ts'

export default class DirectRunShell extends AgolaCommand {
  static override summary = 'Open a shell in the pod of a paused task, or run a command there.'
  static override description =
    'It has the user, the working directory and the environment of the step that failed, secrets ' +
    'included, and nothing that it prints is masked or stored. Its exit code is passed on. While it is ' +
    'open the pause does not expire.'
  static override usage = 'directrun shell [TASK] [--run N] [-- COMMAND...]'
  static override examples = [
    '<%= config.bin %> directrun shell',
    '<%= config.bin %> directrun shell build -- ls -l',
    'tar -c fixtures | <%= config.bin %> directrun shell build -- tar -x',
  ]
  static override strict = false
  static override args = pausedTaskArgs
  static override flags = pausedTaskFlagSet

  override async run(): Promise<void> {
    const separator = this.argv.indexOf('--')
    const command = separator < 0 ? [] : this.argv.slice(separator + 1)
    const { args, flags, argv } = await this.parse(
      DirectRunShell,
      separator < 0 ? this.argv : this.argv.slice(0, separator),
    )
    if (argv.length > 1) this.error('give the command behind --: directrun shell TASK -- COMMAND...', { exit: 2 })
    const { shellInPaused } = await import('../../cli/paused-tasks.ts')
    process.exitCode = await shellInPaused(pausedTaskFlags(args, flags), command)
  }
}
