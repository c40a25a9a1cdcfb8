import type { PodId } from '../model/ids.ts'
import type { LogFile } from './log-file.ts'
import type { ReadyPod } from './ready-pod.ts'

/** A set-up under way or done, with the log that it writes. It may have been started for a task that was only likely to come. */
export class PodSetUp {
  readonly podId: PodId
  readonly log: LogFile
  /** Rejects when the set-up failed or was given up; nothing of the pod is left then. */
  readonly ready: Promise<ReadyPod>
  readonly #abort = new AbortController()
  #pod: ReadyPod | undefined
  #failed = false

  constructor(podId: PodId, log: LogFile, start: (signal: AbortSignal) => Promise<ReadyPod>) {
    this.podId = podId
    this.log = log
    this.ready = this.#run(start)
    // Whoever takes the pod hears of the failure; until then it is nobody's.
    this.ready.catch(() => undefined)
  }

  /** False once it has failed, or its main container has ended. */
  get isUsable(): boolean {
    return !this.#failed && this.#pod?.end === undefined
  }

  giveUp(reason: Error): void {
    this.#abort.abort(reason)
  }

  async #run(start: (signal: AbortSignal) => Promise<ReadyPod>): Promise<ReadyPod> {
    try {
      this.#pod = await start(this.#abort.signal)
      return this.#pod
    } catch (error) {
      this.#failed = true
      throw error
    }
  }
}
