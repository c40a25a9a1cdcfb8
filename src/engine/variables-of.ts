import type { ExecutionRequest } from './direct-run-interface.ts'
import { collectVariables, type Variables } from './local/variables.ts'
import type { Local } from './open-local.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import { homeDirectory } from './this-user.ts'

/** What the flags, the files and the environment give for the repository of a snapshot. */
export function variablesFor(
  { variables, environment }: ExecutionRequest,
  { topDirectory, remoteUrl }: Snapshot,
  { directories }: Local,
): Promise<Variables> {
  return collectVariables({
    ...variables,
    configDirectory: directories.config,
    homeDirectory: homeDirectory(),
    repository: { topDirectory, remoteUrl },
    environment,
  })
}

export function secretsOf({ values, secretNames }: Variables): Map<string, string> {
  return new Map([...values].filter(([name]) => secretNames.has(name)))
}
