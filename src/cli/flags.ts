import * as Flags from '@oclif/core/flags'

export const outputFlag = Flags.option({
  options: ['text', 'json', 'ndjson'] as const,
  default: 'text' as const,
  env: 'AGOLA_OUTPUT',
  summary: 'form of what is printed: for people, one object at the end, or one event a line',
})

export const textOrJsonFlag = Flags.option({
  options: ['text', 'json'] as const,
  default: 'text' as const,
  summary: 'form of what is printed',
})

/** What a config is evaluated for, where no run tells it. */
export const refFlags = {
  branch: Flags.string({ summary: 'as if on this branch (default: the current one)', exclusive: ['tag', 'ref'] }),
  tag: Flags.string({ summary: 'as if on this tag', exclusive: ['branch', 'ref'] }),
  ref: Flags.string({ summary: 'as if on this full ref, such as refs/pull/7/head', exclusive: ['branch', 'tag'] }),
  'pull-request-ref-regexes': Flags.string({
    summary: 'regular expressions that tell the ref of a pull request; the first group is its id',
    multiple: true,
    default: ['refs/pull/(\\d+)/head', 'refs/merge-requests/(\\d+)/head'],
  }),
}

export interface RefFlags {
  branch?: string | undefined
  tag?: string | undefined
  ref?: string | undefined
  'pull-request-ref-regexes': string[]
}

export function refOptions({ branch, tag, ref, 'pull-request-ref-regexes': pullRequestRefRegexes }: RefFlags) {
  return { branch, tag, ref, pullRequestRefRegexes }
}
