import { systemClock, systemRandom } from './adapters/system.ts'
import type { DirectRunOptions, DirectRunRequest, ExecutionRequest } from './direct-run-interface.ts'
import type { ExecutorSettings } from './embedded.ts'
import type { Local } from './open-local.ts'
import { takeSnapshot } from './snapshot/take-snapshot.ts'

/** Takes another snapshot of the work tree, for what a person has changed while a step was paused. */
export function changeOpener(
  { directory, environment }: ExecutionRequest,
  { directories }: Local,
  { untracked, ignored }: Pick<DirectRunRequest['source'], 'untracked' | 'ignored'>,
  { onNotice }: DirectRunOptions,
): ExecutorSettings['openChange'] {
  return async (from, { signal }) => {
    const { state: stateDirectory, cache: cacheDirectory } = directories
    const [now, random] = [systemClock.now(), systemRandom]
    const place = { environment, stateDirectory, cacheDirectory, now, random }
    // A plain directory is the one that the run was started in, a repository is the same from everywhere inside.
    const withoutGit = from.plainGitDirectory !== null
    const source = { directory: withoutGit ? from.topDirectory : directory, withoutGit, untracked, ignored, ref: {} }
    const to = await takeSnapshot({ ...place, ...source }, { signal })
    try {
      const { openTreeChange } = await import('./snapshot/tree-change.ts')
      const change = await openTreeChange({ ...place, from, to, mtimeMs: now, onNotice }, { signal })
      return { snapshot: to, change }
    } finally {
      await to.close()
    }
  }
}
