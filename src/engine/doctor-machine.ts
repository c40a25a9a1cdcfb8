import { rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, systemRandom } from './adapters/system.ts'
import { type Check, fail, guarded, ok, warn } from './doctor-check.ts'
import type { LocalDirectories } from './local/local-directories.ts'
import { findRepository } from './snapshot/find-repository.ts'
import { Git } from './snapshot/git.ts'
import type { Repository } from './snapshot/repository.ts'
import { makeDirectory } from './std/make-directory.ts'

const nodeMajorMin = 24
const freeBytesMin = 200 * 1000 ** 2
const freeBytesLow = 2 * 1000 ** 3
const clockSkewMsMax = 5_000
/** Before this program was made: a clock that shows an earlier year is wrong. */
const yearMin = 2026

export function checkNode(version: string): Check {
  if (Number(version.split('.')[0]) >= nodeMajorMin) return ok('Node.js', version)
  return fail('Node.js', version, `install Node.js ${nodeMajorMin} or newer`)
}

/** Git and the repository around the directory; null in place of the repository when there is none. */
export async function checkGit(
  directory: string,
  { environment, stateDirectory }: { environment: NodeJS.ProcessEnv; stateDirectory: string },
): Promise<{ checks: Check[]; repository: Repository | null }> {
  const git = new Git(environment)
  const checks = await guarded('git', 'install git 2.26 or newer and make sure that it is in your PATH', async () => {
    await git.checkVersion()
    return [ok('git', (await git.run(['version'])).toString().trim())]
  })
  if (checks.some(({ status }) => status === 'fail')) return { checks, repository: null }
  let repository: Repository | null = null
  const repositoryChecks = await guarded('repository', 'go to the repository whose runs you want', async () => {
    const found = await findRepository(directory, { environment, stateDirectory })
    repository = found.repository
    if (found.isPlain) return [ok('repository', `${repository.topDirectory}, run without one by --no-git`)]
    return [describeRepository(repository)]
  })
  return { checks: [...checks, ...repositoryChecks], repository }
}

function describeRepository({ topDirectory, branch, headCommit }: Repository): Check {
  const at = headCommit === null ? 'without a commit yet' : `at ${headCommit.slice(0, 8)}`
  const found = `${topDirectory}, ${branch === null ? 'detached HEAD' : `branch ${branch}`} ${at}`
  if (branch !== null) return ok('repository', found)
  return warn('repository', found, 'runs match `when` as branch "detached": give --branch, --tag or --ref')
}

/** Whether the directories can be written, are private and have room. */
export async function checkDirectories(directories: LocalDirectories): Promise<Check[]> {
  const named = [
    ['state', directories.state, 'AGOLA_LOCAL_STATE_DIR'],
    ['cache', directories.cache, 'AGOLA_LOCAL_CACHE_DIR'],
  ] as const
  const checks: Check[] = []
  for (const [name, path, variable] of named) {
    const hint = `make ${path} writable for you, or name another directory in ${variable}`
    checks.push(...(await guarded(`${name} directory`, hint, () => checkDirectory(name, path, variable))))
  }
  return checks
}

async function checkDirectory(name: string, path: string, variable: string): Promise<Check[]> {
  await makeDirectory(path, { mode: 0o700 })
  const probe = join(path, `.doctor-${systemRandom.uuid()}`)
  let skewMs = 0
  try {
    const before = systemClock.now()
    await writeFile(probe, 'x', { mode: 0o600 })
    skewMs = Math.round((await stat(probe)).mtimeMs - before)
  } catch (error) {
    // Told as what it is, below.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    await rm(probe, { force: true })
  }
  const { mode } = await stat(path)
  const isOpen = process.platform !== 'win32' && (mode & 0o077) !== 0
  const found = isOpen ? `${path} can be read by other users` : path
  const space = await freeSpace(path)
  return [
    isOpen ? warn(`${name} directory`, found, `chmod 700 ${path}`) : ok(`${name} directory`, found),
    checkSpace(
      `disk of the ${name}`,
      space,
      `free some space (agola clean helps), or name another directory in ${variable}`,
    ),
    ...(Math.abs(skewMs) > clockSkewMsMax
      ? [
          warn(
            'clock',
            `files in ${path} are dated ${skewMs} ms off`,
            'set the clocks of this machine and its file server',
          ),
        ]
      : []),
  ]
}

export async function freeSpace(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

export function checkSpace(name: string, bytes: number, hint: string): Check {
  const found = `${(bytes / 1000 ** 3).toFixed(1)} GB free`
  if (bytes < freeBytesMin) return fail(name, found, hint, { bytes })
  return bytes < freeBytesLow ? warn(name, found, hint, { bytes }) : ok(name, found, { bytes })
}

/** `engineTime`: what the container engine says that it is; null: unknown. */
export function checkClock(now: number, engineTime: number | null): Check {
  const hint = 'set the clock, or turn on time synchronisation'
  const time = new Date(now).toISOString()
  if (new Date(now).getUTCFullYear() < yearMin) return fail('clock', `it shows ${time}`, hint)
  const skewMs = engineTime === null ? 0 : Math.round(engineTime - now)
  if (Math.abs(skewMs) <= clockSkewMsMax) return ok('clock', time)
  const found = `the container engine's clock is ${Math.abs(skewMs) / 1000} s ${skewMs > 0 ? 'ahead' : 'behind'}`
  return warn('clock', found, `${hint} of the engine's machine; restarting it often helps`, { skewMs })
}
