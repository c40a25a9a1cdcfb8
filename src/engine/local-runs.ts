import { createLog, systemClock, systemRandom } from './adapters/system.ts'
import { EmbeddedEngine } from './embedded.ts'
import { messageOf } from './model/errors.ts'
import { type Local, openLocal } from './open-local.ts'
import type { Runs } from './ports/runs.ts'
import { repoUuidOf } from './repository-id.ts'

export interface LocalRuns {
  repoUuid: string
  runs: Runs
  close(): Promise<void>
}

export interface LocalRunsRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  /** Recorded with approvals given here. */
  approver: string
}

/** The runs of the repository around a directory, those of other processes included, for looking at them and acting on them.
 *  Runs whose process died without a word are closed as interrupted first. `notAGitRepository`, `storeUnusable`. */
export async function openLocalRuns({ directory, environment, approver }: LocalRunsRequest): Promise<LocalRuns> {
  const [local, repoUuid] = await Promise.all([openLocal(directory, environment), repoUuidOf(directory, environment)])
  return await openRunsOf(local, { repoUuid, approver })
}

/** As `openLocalRuns`, of a repository that is known by its id. */
export async function openRunsOf(
  local: Local,
  { repoUuid, approver }: Pick<LocalRuns, 'repoUuid'> & Pick<LocalRunsRequest, 'approver'>,
): Promise<LocalRuns> {
  const log = createLog('error', (line) => process.stderr.write(line))
  const onTrouble = (error: unknown) => log.error(messageOf(error))
  const engine = await EmbeddedEngine.open({
    ...local,
    repoUuid,
    approver,
    clock: systemClock,
    random: systemRandom,
    log,
    onTrouble,
  })
  try {
    await engine.follow()
    await engine.settleBriefly()
  } catch (error) {
    await engine.close()
    throw error
  }
  return { repoUuid, runs: engine.runs, close: () => engine.close() }
}
