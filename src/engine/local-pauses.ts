import { hostname } from 'node:os'
import { systemClock } from './adapters/system.ts'
import { ControlClient } from './local/control-client.ts'
import { isLeaseAlive, machineLivenessFacts, readLeases } from './local/executor-lease.ts'
import { AgolaError, hasCode } from './model/errors.ts'
import { openLocal } from './open-local.ts'
import type { CallOptions } from './ports/call-options.ts'
import type { PausedShellRequest, PausedTask, PausedTaskRef, Pauses, SyncResult } from './ports/pauses.ts'
import type { ContainerExec } from './ports/pod-driver.ts'
import { repoUuidOf } from './repository-id.ts'

/** Paused tasks of all processes that run the repository around a directory now. `notAGitRepository`. */
export async function openLocalPauses(directory: string, environment: NodeJS.ProcessEnv): Promise<Pauses> {
  const [local, repoUuid] = await Promise.all([openLocal(directory, environment), repoUuidOf(directory, environment)])
  return new LocalPauses(local.directories.state, local.identity.executorGroupId, repoUuid)
}

class LocalPauses implements Pauses {
  readonly #stateDirectory: string
  readonly #groupId: string
  readonly #repoUuid: string

  constructor(stateDirectory: string, groupId: string, repoUuid: string) {
    this.#stateDirectory = stateDirectory
    this.#groupId = groupId
    this.#repoUuid = repoUuid
  }

  async list(options?: CallOptions): Promise<PausedTask[]> {
    return (await this.#processes(options)).flatMap(({ paused }) => paused)
  }

  async retry(task: PausedTaskRef, request: { sync: boolean }, options?: CallOptions): Promise<SyncResult | null> {
    return await (await this.#processOf(task, options)).retry(task, request, options)
  }

  async skip(task: PausedTaskRef, options?: CallOptions): Promise<void> {
    await (await this.#processOf(task, options)).skip(task, options)
  }

  async continue(task: PausedTaskRef, options?: CallOptions): Promise<void> {
    await (await this.#processOf(task, options)).continue(task, options)
  }

  async openShell(task: PausedTaskRef, request: PausedShellRequest, options?: CallOptions): Promise<ContainerExec> {
    return await (await this.#processOf(task, options)).openShell(task, request, options)
  }

  async #processOf({ run, taskId }: PausedTaskRef, options?: CallOptions): Promise<ControlClient> {
    const processes = await this.#processes(options)
    const found = processes.find(({ paused }) => paused.some((task) => task.run === run && task.taskId === taskId))
    if (found !== undefined) return found.client
    throw new AgolaError('taskNotPaused', 'the task is not paused any more')
  }

  async #processes(options?: CallOptions): Promise<{ client: ControlClient; paused: PausedTask[] }[]> {
    const facts = machineLivenessFacts(systemClock.now(), hostname())
    const leases = await readLeases(this.#stateDirectory, this.#groupId)
    const found = await Promise.all(
      leases.map(async (lease) => {
        if (lease.socketPath === '' || !(await isLeaseAlive(lease, facts))) return []
        const client = new ControlClient(lease.socketPath)
        try {
          const { repoUuid, paused } = await client.status(options)
          return repoUuid === this.#repoUuid ? [{ client, paused }] : []
        } catch (error) {
          // It has ended in this moment, or is of another machine.
          if (hasCode(error, 'notReady')) return []
          throw error
        }
      }),
    )
    return found.flat()
  }
}
