import { readdir, readFile, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Surroundings } from './adapters/drivers/engine-candidates.ts'
import { openPosixObjectStorage } from './adapters/objects/posix.ts'
import { createLog, systemClock, systemRandom } from './adapters/system.ts'
import { CleanReport } from './clean-report.ts'
import { cleanRepositories, type StillNeeded } from './clean-repositories.ts'
import { openDriver } from './embedded-driver.ts'
import { findUnwantedPods } from './executor/clean-pods.ts'
import { findUnfinishedLeases, readLeases } from './local/executor-lease.ts'
import { type FileLock, tryFileLock } from './local/file-lock.ts'
import { findOldFiles, removeTrees } from './local/file-trees.ts'
import { deadExecutors, liveExecutors } from './local/local-executor-lease.ts'
import { AgolaError, hasCode, messageOf } from './model/errors.ts'
import type { ExecutorId } from './model/ids.ts'
import { openLocal } from './open-local.ts'
import { CacheInventory, defaultCacheLimits } from './runservice/cache-inventory.ts'
import { Git } from './snapshot/git.ts'
import { openRepository } from './snapshot/repository.ts'
import { removeSavedRefs } from './snapshot/saved-refs.ts'
import { pruneSnapshots } from './snapshot/snapshot-store.ts'
import { homeDirectory } from './this-user.ts'

export interface CleanRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  /** Only say what would be removed. */
  dryRun: boolean
  /** All caches. */
  caches: boolean
  /** The shared tools volumes in the container engine that this user's group has made. */
  tools: boolean
  /** Refs that another command line left in the repository around the directory. */
  refs: boolean
  /** Pods that were kept on purpose too, though their time is not over. */
  kept?: boolean
}

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs
const dailyMsMax = 5_000
const temporaryAgeMsMax = hourMs
const lockName = 'cleaning.lock'
/** Its age tells when cleaning last happened by itself. */
const markName = 'last-cleaning'
/** In the mark: when it was set, the clock had moved on by more than one believes at once. */
const doubtful = 'doubtful'
const believedMsMax = 2 * dayMs

type Local = Awaited<ReturnType<typeof openLocal>>

/** Removes what nobody needs any more of this user on this machine: pods and files of dead processes, old runs, logs and workspaces,
 *  snapshots without a run; more when asked. `notReady` while another process is at it; `notAGitRepository` for `refs`. */
export async function clean(
  request: CleanRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<CleanReport> {
  const local = await openLocal(request.directory, request.environment)
  const report = new CleanReport()
  const lock = await takeLock(local)
  if (lock === null)
    throw new AgolaError('notReady', 'another process is cleaning just now: wait for its end and try again')
  try {
    if (request.refs) await cleanRefs(request, report, signal)
    const needed = await cleanRepositories({ ...local, dryRun: request.dryRun, signal, report })
    await cleanFiles(local, needed, request.dryRun, report)
    await cleanHostPods(request, local, report, signal)
    await cleanEngine(request, local, report, signal)
    if (request.caches) await cleanCaches(local, { unusedMsMax: -1, bytesMax: 0 }, request.dryRun, report)
    return report
  } finally {
    await lock.release()
  }
}

/** What happens by itself, at most once a day and for a few seconds: old runs, logs, workspaces, snapshots and caches. The first day of all
 *  begins with the first call. Never throws for what can wait until tomorrow. */
export async function cleanDaily(
  request: Pick<CleanRequest, 'directory' | 'environment'>,
): Promise<CleanReport | null> {
  const local = await openLocal(request.directory, request.environment)
  if (!(await isDue(join(local.directories.state, markName)))) return null
  const lock = await takeLock(local)
  if (lock === null) return null
  const report = new CleanReport()
  try {
    const signal = AbortSignal.timeout(dailyMsMax)
    await cleanCaches(local, defaultCacheLimits, false, report)
    const needed = await cleanRepositories({ ...local, dryRun: false, signal, report })
    await cleanFiles(local, needed, false, report)
  } catch (error) {
    report.note(messageOf(error))
  } finally {
    await lock.release()
  }
  return report
}

/** A full disk has no room for a lock, and nobody else can have one there: what is to make room goes without. */
async function takeLock({ directories }: Local): Promise<FileLock | null> {
  try {
    return await tryFileLock(join(directories.state, lockName), systemRandom.uuid(), systemClock.now())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    return { release: async () => undefined }
  }
}

/** Sets the mark at once, so that what fails is not tried with every run. After days without a run, or a clock that jumped ahead, nothing
 *  counts as old before the clock has shown such a time for an hour: what was removed would not come back with the right time. */
async function isDue(mark: string): Promise<boolean> {
  const now = systemClock.now()
  const found = await readMark(mark)
  const ageMs = found === null ? 0 : now - found.timeMs
  // A mark of the future was set before the clock was put back.
  const wasPutBack = ageMs < -hourMs
  if (found !== null && !wasPutBack && ageMs < (found.isDoubtful ? hourMs : dayMs)) return false
  const isDoubtful = found !== null && !found.isDoubtful && ageMs > believedMsMax
  await writeFile(mark, isDoubtful ? doubtful : '', { mode: 0o600 })
  await utimes(mark, now / 1000, now / 1000)
  return found !== null && !isDoubtful
}

async function readMark(path: string): Promise<{ timeMs: number; isDoubtful: boolean } | null> {
  try {
    const [{ mtimeMs }, text] = await Promise.all([stat(path), readFile(path, 'utf8')])
    return { timeMs: mtimeMs, isDoubtful: text === doubtful }
  } catch {
    return null
  }
}

/** Files of dead processes: their executors' data, unless something has still to be fetched from it; snapshots without a run; half-written
 *  files. Without knowing what all repositories need, only what its age alone condemns. */
async function cleanFiles(
  { directories, identity }: Local,
  needed: StillNeeded | null,
  dryRun: boolean,
  report: CleanReport,
): Promise<void> {
  const { state, cache } = directories
  const now = systemClock.now()
  if (needed !== null) {
    const dead = await deadExecutors({ stateDirectory: state, groupId: identity.executorGroupId, clock: systemClock })
    // Without `dryRun` the runs that need them were closed before.
    const gone = dead.filter((id) => dryRun || !needed.executors.has(id))
    const unfinished = await findUnfinishedLeases(state)
    const paths = [
      ...unfinished,
      ...gone.map((id) => join(state, 'executors', id)),
      ...(await socketsOf(gone, { directories, identity })),
    ]
    report.add('process data', gone.length + unfinished.length, await removeTrees(paths, { dryRun }))
    const snapshots = await pruneSnapshots(state, now, { needed: needed.snapshots, dryRun: true })
    report.add('snapshots', snapshots.length, await removeTrees(snapshots, { dryRun }))
    if (!dryRun) await pruneSnapshots(state, now, { needed: needed.snapshots })
  }
  const before = now - temporaryAgeMsMax
  const repositories = await readdir(join(state, 'repos')).catch(() => [])
  const temporary = [
    ...(await findOldFiles({ directory: state, before, matches: /^(identity\.json|cleaning\.lock)\../ })),
    ...(await findOldFiles({ directory: join(cache, 'tmp'), before })),
  ]
  for (const repoUuid of repositories) {
    const directory = join(state, 'repos', repoUuid)
    temporary.push(...(await findOldFiles({ directory, before, matches: /^repo\.json\./ })))
    temporary.push(...(await findOldFiles({ directory: join(directory, 'objects', 'tmp'), before })))
  }
  report.add('temporary files', temporary.length, await removeTrees(temporary, { dryRun }))
}

/** Control sockets that dead processes could not take away. */
async function socketsOf(executors: readonly ExecutorId[], { directories, identity }: Local): Promise<string[]> {
  const leases = await readLeases(directories.state, identity.executorGroupId)
  return leases
    .filter(
      ({ executorId, socketPath }) => executors.includes(executorId) && dirname(socketPath) === directories.sockets,
    )
    .map(({ socketPath }) => socketPath)
}

async function cleanCaches(
  { directories }: Local,
  limits: { unusedMsMax: number; bytesMax: number },
  dryRun: boolean,
  report: CleanReport,
): Promise<void> {
  const clock = systemClock
  const objects = await openPosixObjectStorage({ directory: directories.cache, clock, random: systemRandom })
  const removed = await new CacheInventory({ objects, clock }).prune(limits, { dryRun })
  report.add(
    'caches',
    removed.length,
    removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  )
}

async function cleanRefs(
  { directory, environment, dryRun }: CleanRequest,
  report: CleanReport,
  signal: AbortSignal,
): Promise<void> {
  const git = new Git(environment)
  const { topDirectory } = await openRepository(git, directory, { signal })
  const names = await removeSavedRefs(git, { directory: topDirectory, now: systemClock.now(), dryRun, signal })
  report.add('git refs', names.length, null)
}

async function cleanHostPods(
  request: CleanRequest,
  local: Local,
  report: CleanReport,
  signal: AbortSignal,
): Promise<void> {
  const pods = join(local.directories.state, 'pods')
  if (process.platform === 'win32' || (await readdir(pods).catch(() => [])).length === 0) return
  await cleanPodsOf('host', request, local, report, signal)
  // Only while it is empty.
  if (!request.dryRun) await rmdir(pods).catch(() => undefined)
}

async function cleanEngine(
  request: CleanRequest,
  local: Local,
  report: CleanReport,
  signal: AbortSignal,
): Promise<void> {
  try {
    await cleanPodsOf('docker', request, local, report, signal)
    if (request.tools) await cleanTools(request, local, report, signal)
  } catch (error) {
    if (!hasCode(error, 'driverUnreachable') && !hasCode(error, 'driverTooOld')) throw error
    report.note('no container engine answers: what is left in one stays until it does')
  }
}

async function cleanPodsOf(
  driver: 'docker' | 'host',
  { environment, dryRun, kept = false }: CleanRequest,
  { directories, identity }: Local,
  report: CleanReport,
  signal: AbortSignal,
): Promise<void> {
  const opened = await openDriver({
    driver,
    surroundings: surroundingsOf(environment),
    executorsGroupId: identity.executorGroupId,
    toolsImage: undefined,
    allowPrivileged: false,
    stateDirectory: directories.state,
    askForHost: null,
    clock: systemClock,
    random: systemRandom,
    log: createLog('error', (line) => report.note(line.trimEnd())),
    signal,
  })
  const group = { stateDirectory: directories.state, groupId: identity.executorGroupId, clock: systemClock }
  try {
    const pods = await findUnwantedPods({
      driver: opened,
      now: kept ? () => Number.POSITIVE_INFINITY : systemClock.now,
      own: '',
      wanted: new Set(),
      siblings: () => liveExecutors(group),
    })
    if (!dryRun) for (const { podId } of pods) await opened.removePod(podId, { signal })
    report.add('pods', pods.length, null)
  } finally {
    await opened.close()
  }
}

async function cleanTools(
  { environment, dryRun }: CleanRequest,
  { identity }: Local,
  report: CleanReport,
  signal: AbortSignal,
): Promise<void> {
  const [{ requireEngine }, { EngineClient }, { removeTools }] = await Promise.all([
    import('./adapters/drivers/find-engine.ts'),
    import('./adapters/drivers/docker/client.ts'),
    import('./adapters/drivers/docker/tools-removal.ts'),
  ])
  const { engine } = await requireEngine(surroundingsOf(environment), { signal })
  const { count, inUse } = await removeTools(new EngineClient(engine), {
    executorsGroupId: identity.executorGroupId,
    ...{ dryRun, signal },
  })
  report.add('tools', count, null)
  for (const name of inUse) report.note(`${name} is in use and stays`)
}

function surroundingsOf(environment: NodeJS.ProcessEnv): Surroundings {
  return { environment, homeDir: homeDirectory(), userId: process.getuid?.() ?? null, platform: process.platform }
}
