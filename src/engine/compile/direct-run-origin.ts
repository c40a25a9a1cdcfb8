import type { SourceContext } from '../config/source-context.ts'
import type { RunOrigin } from './compiled-run.ts'
import { runAnnotations } from './run-annotations.ts'
import { runGroup } from './run-group.ts'
import { staticEnvironment } from './static-environment.ts'

/** The message of every direct run, where a commit has its own. */
export const directRunMessage = 'agola direct run'

export interface DirectRun {
  userId: string
  /** Of the user's repository: keeps caches of different repositories apart. */
  repoUuid: string
  /** Without credentials. */
  repositoryUrl: string
  source: SourceContext
  /** On this machine instead of a server. */
  local: boolean
}

/** Group, caches, annotations and environment of the runs of a local directory (spec/runconfig.md 4 to 6). */
export function directRunOrigin({ userId, repoUuid, repositoryUrl, source, local }: DirectRun): RunOrigin {
  return {
    group: runGroup(`/user/${userId}`, source),
    cacheGroup: `${userId}-${repoUuid}`,
    annotations: runAnnotations({
      owner: { type: 'user', userId },
      source,
      message: directRunMessage,
      trigger: 'manual',
    }),
    staticEnvironment: staticEnvironment({ source, repositoryUrl, local }),
  }
}
