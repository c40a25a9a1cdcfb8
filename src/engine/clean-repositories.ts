import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLog, systemClock, systemRandom } from './adapters/system.ts'
import type { CleanReport } from './clean-report.ts'
import { EmbeddedEngine } from './embedded.ts'
import type { Identity } from './local/identity.ts'
import type { LocalDirectories } from './local/local-directories.ts'
import { messageOf } from './model/errors.ts'
import type { ExecutorId } from './model/ids.ts'
import { defaultRunLimits } from './runservice/run-retention.ts'

export interface CleanRepositoriesRequest {
  directories: LocalDirectories
  identity: Identity
  dryRun: boolean
  signal: AbortSignal
  report: CleanReport
}

/** What all repositories together still need; null when that is not known of each of them. */
export interface StillNeeded {
  executors: Set<ExecutorId>
  /** `<key>/<generation>`. */
  snapshots: Set<string>
}

const settleMsMax = 10_000
/** Its age tells when a repository was cleaned last. */
const markFile = 'cleaned'

/** Cleans every repository of this user, the one that waited longest first: closes runs of dead processes, deletes old runs, logs and
 *  workspaces. Cut short by `signal`, the next call goes on with the others. */
export async function cleanRepositories(request: CleanRepositoriesRequest): Promise<StillNeeded | null> {
  const { directories, signal, report } = request
  const needed: StillNeeded = { executors: new Set(), snapshots: new Set() }
  let isComplete = true
  for (const repoUuid of await repositoriesByAge(directories.state)) {
    if (signal.aborted) return null
    try {
      await cleanRepository(repoUuid, request, needed)
    } catch (error) {
      isComplete = false
      if (!signal.aborted) report.note(`the runs of repository ${repoUuid} cannot be cleaned: ${messageOf(error)}`)
    }
  }
  return isComplete ? needed : null
}

async function cleanRepository(
  repoUuid: string,
  { directories, identity, dryRun, signal, report }: CleanRepositoriesRequest,
  needed: StillNeeded,
): Promise<void> {
  const engine = await EmbeddedEngine.open({
    ...{ directories, identity, repoUuid, approver: '' },
    clock: systemClock,
    random: systemRandom,
    log: createLog('error', (line) => report.note(line.trimEnd())),
    onTrouble: (error) => report.note(`what a task left cannot be stored: ${messageOf(error)}`),
  })
  try {
    if (!dryRun) {
      await engine.follow()
      await engine.settle(AbortSignal.any([signal, AbortSignal.timeout(settleMsMax)])).catch(() => undefined)
    }
    await cleanRuns(engine, { dryRun, signal, report })
    const { logs, workspaces } = await engine.cleaner.clean({ signal, dryRun })
    report.add('logs', logs.count, logs.sizeBytes)
    report.add('workspaces', workspaces.count, workspaces.sizeBytes)
    for (const id of await engine.executorsInUse()) needed.executors.add(id)
    for (const id of await engine.snapshotsInUse(signal)) needed.snapshots.add(id.slice(0, id.lastIndexOf('/')))
  } finally {
    await engine.close()
  }
  if (!dryRun) await writeFile(join(directories.state, 'repos', repoUuid, markFile), '')
}

async function cleanRuns(
  { retention }: EmbeddedEngine,
  { dryRun, signal, report }: Pick<CleanRepositoriesRequest, 'dryRun' | 'signal' | 'report'>,
): Promise<void> {
  for await (const { id } of retention.expired(defaultRunLimits, { signal })) {
    const bytes = dryRun ? await retention.measure(id, { signal }) : await retention.remove(id, { signal })
    if (bytes !== null) report.add('runs', 1, bytes)
  }
}

/** Those with a store, longest not cleaned first. */
async function repositoriesByAge(stateDirectory: string): Promise<string[]> {
  const root = join(stateDirectory, 'repos')
  const timeOf = async (path: string) => (await stat(path).catch(() => null))?.mtimeMs
  const found = await Promise.all(
    (await readdir(root).catch(() => [])).map(async (repoUuid) => {
      const hasStore = (await timeOf(join(root, repoUuid, 'store.sqlite'))) !== undefined
      return hasStore ? [{ repoUuid, cleanedAt: (await timeOf(join(root, repoUuid, markFile))) ?? 0 }] : []
    }),
  )
  return found
    .flat()
    .sort((a, b) => a.cleanedAt - b.cleanedAt)
    .map(({ repoUuid }) => repoUuid)
}
