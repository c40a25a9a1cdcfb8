import type { SourceContext } from '../config/source-context.ts'

/** Why and for whom a run is created. */
export type RunOwner = { type: 'user'; userId: string } | { type: 'project'; projectId: string }

export interface RunAnnotationsInput {
  owner: RunOwner
  source: SourceContext
  message: string
  trigger: 'webhook' | 'manual'
  webhookEvent?: 'push' | 'tag' | 'pull_request'
  webhookSender?: string
  links?: { commit?: string; compare?: string; branch?: string; tag?: string; pullRequest?: string }
}

/** What listings and notifications show of a run (spec/runconfig.md 6). */
export function runAnnotations(input: RunAnnotationsInput): Record<string, string> {
  const { owner, source, links = {} } = input
  return {
    run_type: owner.type,
    ref_type: source.refType,
    run_creation_trigger: input.trigger,
    webhook_event: input.webhookEvent ?? '',
    webhook_sender: input.webhookSender ?? '',
    commit_sha: source.commitSha,
    ref: source.ref,
    message: input.message,
    commit_link: links.commit ?? '',
    compare_link: links.compare ?? '',
    ...(owner.type === 'user' ? { userid: owner.userId } : { projectid: owner.projectId }),
    ...(source.branch === '' ? {} : { branch: source.branch, branch_link: links.branch ?? '' }),
    ...(source.tag === '' ? {} : { tag: source.tag, tag_link: links.tag ?? '' }),
    ...(source.pullRequestId === ''
      ? {}
      : { pull_request_id: source.pullRequestId, pull_request_link: links.pullRequest ?? '' }),
  }
}
