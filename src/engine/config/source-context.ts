/** The ref and commit that a config is evaluated for. What does not apply is the empty string. */
export interface SourceContext {
  refType: RefType
  /** `refs/heads/<branch>`, `refs/tags/<tag>`, `refs/pull/<id>/head`, … */
  ref: string
  branch: string
  tag: string
  pullRequestId: string
  commitSha: string
}

export type RefType = 'branch' | 'tag' | 'pull_request'
