import { AgolaCommand } from '../cli/agola-command.ts'
import { textOrJsonFlag } from '../cli/flags.ts'

export default class Doctor extends AgolaCommand {
  static override summary = 'Look at everything that a direct run needs here, and say how to mend what is missing.'
  static override description = 'Nothing is changed and no image is pulled. Exit code 1: something failed.'
  static override flags = { output: textOrJsonFlag() }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Doctor)
    const { runDoctor } = await import('../cli/doctor.ts')
    process.exitCode = await runDoctor(flags)
  }
}
