import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { runNumber } from '../../cli/run-number.ts'

export default class DirectRunLogs extends AgolaCommand {
  static override summary = 'Show what the steps of a run printed.'
  static override examples = [
    '<%= config.bin %> directrun logs --failed',
    '<%= config.bin %> directrun logs 12 --task build --step 2 --tail 100',
    '<%= config.bin %> directrun logs --follow',
  ]
  static override args = { number: runNumber({ description: 'number of the run (default: the newest)' }) }
  static override flags = {
    task: Flags.string({ summary: 'only this task; repeatable', multiple: true, multipleNonGreedy: true }),
    step: Flags.integer({ summary: 'only the step with this index, from 0', min: 0, exclusive: ['setup'] }),
    setup: Flags.boolean({ summary: 'only the set-up of tasks' }),
    failed: Flags.boolean({ summary: 'only steps that did not succeed' }),
    follow: Flags.boolean({ char: 'f', summary: 'go on until the run is over' }),
    tail: Flags.integer({ summary: 'only so many last lines of each log', min: 1 }),
    prefix: Flags.boolean({ summary: 'task and step before each line', default: true, allowNo: true }),
    timestamps: Flags.boolean({
      summary: 'with --follow: the time at which each line came here',
      dependsOn: ['follow'],
      exclusive: ['raw', 'tail'],
    }),
    raw: Flags.boolean({ summary: 'the bytes as they were printed', exclusive: ['tail'] }),
    'output-dir': Flags.string({ summary: 'a file for each step in this directory instead', exclusive: ['tail'] }),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DirectRunLogs)
    const { logs } = await import('../../cli/local-runs.ts')
    await logs(args.number, flags)
  }
}
