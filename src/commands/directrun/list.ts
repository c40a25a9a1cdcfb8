import * as Flags from '@oclif/core/flags'
import { AgolaCommand } from '../../cli/agola-command.ts'
import { textOrJsonFlag } from '../../cli/flags.ts'

export default class DirectRunList extends AgolaCommand {
  static override summary = 'Show the runs of this repository, or of all, newest first.'
  static override examples = [
    '<%= config.bin %> directrun list --branch main --result failed',
    '<%= config.bin %> directrun list --phase running --output json',
    '<%= config.bin %> directrun list --all-repos --watch',
  ]
  static override flags = {
    branch: Flags.string({ summary: 'only runs of this branch', exclusive: ['tag', 'ref'] }),
    tag: Flags.string({ summary: 'only runs of this tag', exclusive: ['branch', 'ref'] }),
    ref: Flags.string({
      summary: 'only runs of this full ref, such as refs/pull/7/head',
      exclusive: ['branch', 'tag'],
    }),
    phase: Flags.option({
      summary: 'only runs in this phase; repeatable',
      options: ['setuperror', 'queued', 'cancelled', 'running', 'finished'] as const,
      multiple: true,
      multipleNonGreedy: true,
    })(),
    result: Flags.option({
      summary: 'only runs with this result; repeatable',
      options: ['success', 'failed', 'stopped', 'unknown'] as const,
      multiple: true,
      multipleNonGreedy: true,
    })(),
    'all-repos': Flags.boolean({
      summary: 'runs of all repositories of this machine, with where each was seen last',
      exclusive: ['start'],
    }),
    watch: Flags.boolean({ summary: 'go on showing what changes, until Ctrl-C' }),
    limit: Flags.integer({ summary: 'how many', default: 20, min: 1, max: 1000 }),
    start: Flags.integer({ summary: 'only runs before this number', min: 1 }),
    output: textOrJsonFlag(),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(DirectRunList)
    const { list } = await import('../../cli/local-runs.ts')
    process.exitCode = await list({ ...flags, ref: fullRef(flags) })
  }
}

function fullRef({ branch, tag, ref }: Record<'branch' | 'tag' | 'ref', string | undefined>): string | undefined {
  if (branch !== undefined) return `refs/heads/${branch}`
  return tag === undefined ? ref : `refs/tags/${tag}`
}
