import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { AgolaError } from '../../../model/errors.ts'
import type { ExecutorContainer } from '../../../model/executor-task.ts'
import type { PodId } from '../../../model/ids.ts'
import type { Arch } from '../../../model/run-config.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ContainerExec, ExecRequest, Pod, PodEnd, PodOpened } from '../../../ports/pod-driver.ts'
import type { Random } from '../../../ports/random.ts'
import { abortable } from '../../../std/abortable.ts'
import { withinTime } from '../../../std/alarm.ts'
import { allOf } from '../../../std/all-of.ts'
import { type EngineClient, hasStatus } from './client.ts'
import { type ExecContext, podGone, type SignalledCommand, startExec } from './exec.ts'
import { startKeptCommand } from './kept-command.ts'
import { findAndSignalCommand, findCommand, type KillSignal, notFoundExitCode, signalCommand } from './kill.ts'
import type { Lifeline } from './lifeline.ts'
import type { HeldNetwork, PodNetworks } from './pod-networks.ts'
import { toolbox, toolsDir } from './toolbox.ts'
import type { ContainerWatch } from './watch.ts'

export interface DockerPodParts {
  id: PodId
  arch: Arch
  client: EngineClient
  clock: Clock
  random: Random
  /** The main one first. */
  containerIds: string[]
  watch: ContainerWatch
  /** What the main one was asked to have. */
  container: Pick<ExecutorContainer, 'user' | 'environment'>
  /** What keeps the pod alive; null for one that outlives us. */
  lifeline: Lifeline | null
  opened: PodOpened | null
  /** Where it may leave its network; null for one that keeps it. */
  networks: PodNetworks | null
  /** The one that it was given; null: it has its own. */
  network: HeldNetwork | null
  watchAgain: (containerId: string) => ContainerWatch
  remove: (options: CallOptions) => Promise<void>
}

const root = '0'
const killRetryMs = 50
const killAttemptsMax = 40
/** A pod that has not ended itself by then is removed by force. */
const endMsMax = 3_000

/** A pod that does not answer by then has a network that nobody else gets. */
const vacateMsMax = 1_000
/** With other runtimes a network may belong to the container that it was made for. */
const commonRuntimes = /^(runc|crun|io\.containerd\.runc\.v2)$/
/** A container with more than that does not stay to hold a network. */
const heldBytesMax = 16 * 1024 * 1024

/** Of the answer to an inspection. */
interface ContainerFacts {
  Config?: { Healthcheck?: unknown }
  HostConfig?: { Runtime?: string }
  Mounts?: { Destination?: unknown }[]
  SizeRw?: unknown
}

export class DockerPod implements Pod {
  readonly id: PodId
  readonly arch: Arch
  readonly ended: Promise<PodEnd>
  readonly opened: PodOpened | null
  readonly #parts: DockerPodParts
  readonly #context: ExecContext
  #isGone = false
  #execsInMaking = 0
  /** Once, whoever removes the pod how often: the network may be another pod's by then. */
  #leaving: Promise<boolean> | undefined

  constructor(parts: DockerPodParts) {
    this.#parts = parts
    this.id = parts.id
    this.arch = parts.arch
    this.ended = parts.watch.ended
    this.opened = parts.opened
    // The pod is cut off from everything.
    void parts.network?.ended.then(() => this.#isGone || parts.watch.lost())
    // Others may have ended it, and will not ask for its removal.
    void this.ended.then(() => this.#leaveNetwork())
    this.#context = {
      client: parts.client,
      clock: parts.clock,
      containerId: parts.containerIds[0] ?? '',
      isGone: () => this.#isGone,
      ended: parts.watch.ended,
      signal: (command, signalName, isRunning) => this.#signal(command, signalName, isRunning),
    }
  }

  get entrance(): string {
    const { client, containerIds } = this.#parts
    const program = client.engine.version.product.toLowerCase()
    return [program, 'exec', '-it', (containerIds[0] ?? '').slice(0, 12), ...this.toolbox('sh')].join(' ')
  }

  toolbox(applet: string): string[] {
    return toolbox(applet)
  }

  exec(request: ExecRequest, options: CallOptions = {}): Promise<ContainerExec> {
    if (this.#isGone || this.#parts.watch.isEnded) return Promise.reject(podGone())
    return abortable(this.#start(request), options.signal)
  }

  async stop(graceMs: number, { signal }: CallOptions = {}): Promise<void> {
    this.#isGone = true
    this.#parts.watch.stopping()
    this.#parts.lifeline?.end()
    const query = { t: Math.ceil(graceMs / 1000) }
    const stops = this.#parts.containerIds.map(async (id) => {
      try {
        await this.#parts.client.json('POST', `/containers/${id}/stop`, { query, signal })
      } catch (error) {
        if (!hasStatus(error, 404, 409)) throw error
      }
    })
    await allOf(stops)
    this.#parts.watch.verify()
  }

  async remove(options: CallOptions = {}): Promise<void> {
    this.#isGone = true
    this.#parts.watch.removing()
    if (await this.#leaveNetwork()) return
    if (!(await this.#endsItself(options))) await this.#parts.remove(options)
    this.#parts.watch.close()
    this.#parts.lifeline?.destroy()
  }

  /** The pod lives on as long as the process, and no longer holds it up. */
  detach(): void {
    this.#parts.lifeline?.unref()
  }

  /** Lets the next pod have the network, if one is wanted and this one is as new. @returns whether the container stays to hold it */
  #leaveNetwork(): Promise<boolean> {
    this.#leaving ??= this.#tryToLeaveNetwork()
    return this.#leaving
  }

  async #tryToLeaveNetwork(): Promise<boolean> {
    const { networks, network, watch, lifeline, containerIds, watchAgain } = this.#parts
    if (networks === null) return false
    const leaving = networks.leave()
    const isVacant =
      leaving !== null && (await withinTime(this.#becomesVacant(), this.#parts.clock, vacateMsMax)) === true
    const [containerId] = containerIds
    if (network !== null) {
      if (!isVacant) networks.end(network)
      leaving?.settle(isVacant ? network : null)
      return false
    }
    if (!isVacant || containerId === undefined || lifeline === null) {
      leaving?.settle(null)
      return false
    }
    watch.close()
    leaving.settle(this.#heldNetwork(containerId, lifeline, watchAgain(containerId)))
    return true
  }

  /** A command that is still being made would begin after all others have been ended. */
  async #becomesVacant(): Promise<boolean> {
    const { lifeline, random } = this.#parts
    if (lifeline === null || this.#execsInMaking > 0) return false
    return (await lifeline.vacate(random.uuid())) && (await this.#staysVacant())
  }

  /** An engine starts health checks again and again. What a holder has written stays on the disk as long as that. */
  async #staysVacant(): Promise<boolean> {
    const { client, containerIds, network } = this.#parts
    const path = `/containers/${containerIds[0]}/json`
    const answer = await client.json('GET', path, { query: { size: network === null } }).catch(() => null)
    const { Config, HostConfig, Mounts, SizeRw } = (answer ?? {}) as ContainerFacts
    if (Config === undefined || Config.Healthcheck != null) return false
    if (network !== null) return true
    const canBeJoined = HostConfig?.Runtime === undefined || commonRuntimes.test(HostConfig.Runtime)
    const isSmall = typeof SizeRw === 'number' && SizeRw <= heldBytesMax
    return canBeJoined && isSmall && (Mounts ?? []).every(({ Destination }) => Destination === toolsDir)
  }

  #heldNetwork(containerId: string, lifeline: Lifeline, watch: ContainerWatch): HeldNetwork {
    const release = async () => {
      watch.removing()
      lifeline.end()
      // What the engine has not removed by then it removes without us.
      await withinTime(watch.gone, this.#parts.clock, endMsMax)
      watch.close()
      lifeline.destroy()
    }
    return { containerId, ended: watch.ended, release, detach: () => lifeline.unref() }
  }

  /** The keeper, once nobody holds its input any more, ends the pod, and Docker removes it: a kill would cost it a process. Podman removes
   *  by a process of its own, after a while. */
  async #endsItself({ signal }: CallOptions): Promise<boolean> {
    const { client, lifeline, watch, containerIds, clock } = this.#parts
    if (client.engine.version.product !== 'Docker') return false
    if (lifeline === null || !lifeline.isHeard || containerIds.length > 1) return false
    lifeline.end()
    return (await abortable(withinTime(watch.gone, clock, endMsMax), signal)) === true
  }

  #start(request: ExecRequest): Promise<ContainerExec> {
    const { lifeline, container, random } = this.#parts
    const marker = random.uuid()
    const kept = lifeline && startKeptCommand(this.#context, lifeline, request, { marker, container })
    if (kept !== null) return kept
    lifeline?.release()
    return this.#makeExec(request, marker)
  }

  async #makeExec(request: ExecRequest, marker: string): Promise<ContainerExec> {
    this.#execsInMaking++
    try {
      return await startExec(this.#context, request, marker)
    } finally {
      this.#execsInMaking--
    }
  }

  /** A command that was just created has not yet taken on its environment, so that it may not be found at once. */
  async #signal(command: SignalledCommand, signalName: KillSignal, isRunning: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < killAttemptsMax; attempt++) {
      try {
        if (await this.#signalOnce(command, signalName)) return
        if (!(await isRunning())) return
      } catch (error) {
        if (error instanceof AgolaError && error.code === 'podDoesNotExist') return
        throw error
      }
      await this.#parts.clock.sleep(killRetryMs)
    }
    throw new AgolaError('driverFailed', 'the processes of a running command could not be found')
  }

  /** A group that is known is signalled at once, and before what has left it.
   *  Root may not look at the environment of other users' processes, and they may not signal those of root: whoever may, finds; root signals. */
  async #signalOnce({ marker, user, group }: SignalledCommand, signalName: KillSignal): Promise<boolean> {
    if (group !== undefined) {
      await this.#run(signalCommand([group], signalName), root)
      if (signalName !== 'KILL') return true
    }
    const isRoot = /^(root|0)(:|$)/.test(user)
    if (isRoot || user === '') {
      const { exitCode } = await this.#run(findAndSignalCommand(marker, signalName), root)
      if (exitCode !== notFoundExitCode) return true
      if (isRoot) return false
    }
    const found = await this.#run(findCommand(marker, signalName), user)
    const groups = found.output.trim().split(/\s+/)
    if (found.exitCode !== 0 || !groups.every((group) => /^\d+$/.test(group))) return false
    await this.#run(signalCommand(groups, signalName), root)
    return true
  }

  async #run(command: string[], user: string): Promise<{ exitCode: number; output: string }> {
    const stdout = new PassThrough()
    const output = text(stdout)
    const request = { command, environment: {}, workingDir: '/', user, tty: null, stdin: false, stdout, stderr: null }
    const exec = await this.#makeExec(request, '')
    const exitCode = await exec.wait().finally(() => stdout.end())
    return { exitCode, output: await output }
  }
}
