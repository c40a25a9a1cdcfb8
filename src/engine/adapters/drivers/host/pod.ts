import { AgolaError } from '../../../model/errors.ts'
import type { PodId } from '../../../model/ids.ts'
import type { Arch } from '../../../model/run-config.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ContainerExec, ExecRequest, Pod, PodEnd } from '../../../ports/pod-driver.ts'
import type { Random } from '../../../ports/random.ts'
import { abortable } from '../../../std/abortable.ts'
import { startHostExec } from './exec.ts'
import type { PodDirectory } from './pod-directory.ts'
import { endProcesses, findProcesses, podMarker, signalProcess } from './processes.ts'
import { hostCommand } from './spec.ts'
import type { HostTools } from './toolbox.ts'
import type { Watchdog } from './watchdog.ts'

export interface HostPodParts {
  id: PodId
  arch: Arch
  clock: Clock
  random: Random
  tools: HostTools
  directory: PodDirectory
  environment: Record<string, string>
  watchdog: Watchdog
  remove: (options: CallOptions) => Promise<void>
}

const stopPollMs = 50

/** A directory and the processes that run in it. */
export class HostPod implements Pod {
  readonly id: PodId
  readonly arch: Arch
  readonly ended: Promise<PodEnd>
  readonly opened = null
  readonly #parts: HostPodParts
  #resolveEnded: (end: PodEnd) => void = () => undefined
  #isGone = false

  constructor(parts: HostPodParts) {
    this.#parts = parts
    this.id = parts.id
    this.arch = parts.arch
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    // Without its watchdog a pod would outlive our death: better it ends at once.
    void parts.watchdog.ended.then(() => this.#end({ reason: 'lost', exitCode: null }))
  }

  get entrance(): string {
    return `cd ${this.#parts.directory.path}`
  }

  toolbox(applet: string): string[] {
    const { busybox } = this.#parts.tools
    return busybox === '' ? [applet] : [busybox, applet]
  }

  exec(request: ExecRequest, options: CallOptions = {}): Promise<ContainerExec> {
    if (this.#isGone) return Promise.reject(new AgolaError('podDoesNotExist', 'the pod has ended'))
    const { clock, random, tools, directory, environment } = this.#parts
    const marker = random.uuid()
    const parts = {
      clock,
      marker,
      scratchDir: directory.path,
      command: hostCommand(request, environment, marker, tools.script),
      workingDir: request.workingDir === '' ? directory.workspace : request.workingDir,
      hasTerminal: request.tty !== null && tools.script !== '',
      isGone: () => this.#isGone,
    }
    return abortable(startHostExec(parts, request), options.signal)
  }

  async stop(graceMs: number, { signal }: CallOptions = {}): Promise<void> {
    const { clock, watchdog } = this.#parts
    this.#isGone = true
    const find = () => findProcesses(podMarker, this.id)
    for (const { pid } of await find()) signalProcess(pid, 'SIGTERM')
    const endMs = clock.monotonicMs() + graceMs
    while (clock.monotonicMs() < endMs && (await find()).length > 0) await clock.sleep(stopPollMs, signal)
    await endProcesses(podMarker, this.id, clock)
    this.#end({ reason: 'exited', exitCode: 0 })
    await watchdog.dismiss()
  }

  async remove(options: CallOptions = {}): Promise<void> {
    this.#isGone = true
    this.#end({ reason: 'removed', exitCode: null })
    await this.#parts.remove(options)
    await this.#parts.watchdog.dismiss()
  }

  #end(end: PodEnd): void {
    this.#isGone = true
    this.#resolveEnded(end)
  }
}
