import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkSqliteFile } from './adapters/kv/sqlite-check.ts'
import { openPosixObjectStorage } from './adapters/objects/posix.ts'
import { systemClock, systemRandom } from './adapters/system.ts'
import { clean } from './clean.ts'
import type { LoadedConfig } from './config/loaded-config.ts'
import { type Check, fail, guarded, ok, warn } from './doctor-check.ts'
import { checkEngine } from './doctor-engine.ts'
import { checkClock, checkDirectories, checkGit, checkNode } from './doctor-machine.ts'
import type { LocalDirectories } from './local/local-directories.ts'
import { hasCode, messageOf } from './model/errors.ts'
import { localDirectoriesOf } from './open-local.ts'
import type { Repository } from './snapshot/repository.ts'

export interface DoctorRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  /** Reads the config of the work tree. */
  loadConfig: () => Promise<LoadedConfig>
}

/** Looks at everything that a direct run here needs, and changes nothing that anybody would miss. Gives each check as it is made. */
export async function* examine({ directory, environment, loadConfig }: DoctorRequest): AsyncGenerator<Check> {
  yield checkNode(process.versions.node)
  const directories = localDirectoriesOf(directory, environment)
  const { checks, repository } = await checkGit(directory, { environment, stateDirectory: directories.state })
  yield* checks
  yield* await checkDirectories(directories)
  const config = await checkConfig(loadConfig)
  yield* config.checks
  const engine = await checkEngine(environment, config.images)
  yield* engine.checks
  yield checkClock(systemClock.now(), engine.engineTime)
  yield* await checkIdentity(directories)
  yield* await checkStore(repository, directories)
  yield* await checkLeftovers(directory, environment)
}

async function checkConfig(loadConfig: () => Promise<LoadedConfig>): Promise<{ checks: Check[]; images: string[] }> {
  try {
    const { file, config, problems, moreProblems } = await loadConfig()
    const hint = 'agola config validate shows where and what to write instead'
    const count = problems.length + moreProblems
    if (config === null)
      return { checks: [fail('config', `${file} has mistakes: ${count} problems`, hint)], images: [] }
    const check =
      count > 0 ? warn('config', `${file} is valid, with ${count} warnings`, hint) : ok('config', `${file} is valid`)
    const containers = config.runs.flatMap(({ tasks }) => tasks.flatMap(({ runtime }) => runtime.containers))
    return { checks: [check], images: [...new Set(containers.map(({ image }) => image))] }
  } catch (error) {
    // What there is in place of one, and the way out, is in the message.
    if (hasCode(error, 'configNotFound')) return { checks: [warn('config', messageOf(error), '')], images: [] }
    return { checks: [fail('config', messageOf(error), 'agola config validate tells more')], images: [] }
  }
}

async function checkIdentity({ state }: LocalDirectories): Promise<Check[]> {
  const path = join(state, 'identity.json')
  const found = await stat(path).catch(() => null)
  if (found === null || process.platform === 'win32' || (found.mode & 0o077) === 0) return []
  return [warn('identity', `${path} can be read by other users`, `chmod 600 ${path}`)]
}

/** The store of the repository: sound, and its objects can be used. */
async function checkStore(repository: Repository | null, { state }: LocalDirectories): Promise<Check[]> {
  const repoUuid = repository?.localConfig.get('agola.repouuid')
  if (repository === null) return []
  if (repoUuid === undefined) return [ok('store', 'no run was made here yet')]
  const base = join(state, 'repos', repoUuid)
  const file = join(base, 'store.sqlite')
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (!exists) return [ok('store', 'no run was made here yet')]
  const hint = `move this one file away: the next command reads again what had reached ${base}/objects: every run, but what a process that was killed wrote last`
  const damage = await guarded('store', hint, async () => {
    const problems = checkSqliteFile(file)
    return problems.length > 0 ? [fail('store', `${file} is damaged: ${problems.join('; ')}`, hint, { problems })] : []
  })
  if (damage.length > 0) return damage
  return await guarded('store', `make ${base} readable and writable for you`, async () => {
    const directory = join(base, 'objects')
    await (await openPosixObjectStorage({ directory, clock: systemClock, random: systemRandom })).health()
    return [ok('store', `${file} is sound`)]
  })
}

async function checkLeftovers(directory: string, environment: NodeJS.ProcessEnv): Promise<Check[]> {
  try {
    const { kinds } = await clean({ directory, environment, dryRun: true, caches: false, tools: false, refs: false })
    const left = kinds.filter(({ kind }) => kind === 'pods' || kind === 'process data' || kind === 'temporary files')
    if (left.length === 0) return [ok('leftovers', 'none')]
    const found = left.map(({ kind, count }) => `${count} ${kind}`).join(', ')
    return [warn('leftovers', `of processes that died: ${found}`, 'agola clean removes them')]
  } catch (error) {
    if (hasCode(error, 'notReady')) return [ok('leftovers', 'another process is removing them just now')]
    return [warn('leftovers', `cannot be looked for: ${messageOf(error)}`, 'mend what stands above first')]
  }
}

export type { Check } from './doctor-check.ts'
