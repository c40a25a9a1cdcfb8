import type { SourceContext } from '../config/source-context.ts'
import { repositoryAddress } from './repository-url.ts'

export interface StaticEnvironmentInput {
  source: SourceContext
  repositoryUrl: string
  /** PEM; '' for direct runs. */
  sshPrivateKey?: string
  /** Lines of a known_hosts file. */
  sshHostKey?: string
  skipSshHostKeyCheck?: boolean
  /** The run runs on the developer's machine: tasks can tell by `AGOLA_LOCAL`. */
  local?: boolean
}

const defaultGitPort = '22'

/** The variables that every step sees and no task can change (spec/config.md 12, spec/local-runs.md 6). The run's number is added later. */
export function staticEnvironment(input: StaticEnvironmentInput): Record<string, string> {
  const { source, repositoryUrl } = input
  const { host, port } = repositoryAddress(repositoryUrl)
  return {
    CI: 'true',
    AGOLA_REPOSITORY_URL: repositoryUrl,
    AGOLA_GIT_HOST: host,
    AGOLA_GIT_PORT: host === '' ? '' : port || defaultGitPort,
    AGOLA_GIT_REF_TYPE: source.refType,
    AGOLA_GIT_REF: source.ref,
    AGOLA_GIT_BRANCH: source.branch,
    AGOLA_GIT_TAG: source.tag,
    AGOLA_PULL_REQUEST_ID: source.pullRequestId,
    AGOLA_GIT_COMMITSHA: source.commitSha,
    AGOLA_SSHPRIVKEY: input.sshPrivateKey ?? '',
    ...(input.sshHostKey === undefined || input.sshHostKey === '' ? {} : { AGOLA_SSHHOSTKEY: input.sshHostKey }),
    ...(input.skipSshHostKeyCheck === true ? { AGOLA_SKIPSSHHOSTKEYCHECK: '1' } : {}),
    ...(input.local === true ? { AGOLA_LOCAL: 'true' } : {}),
  }
}
