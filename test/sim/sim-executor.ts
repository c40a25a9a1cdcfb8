import { Readable } from 'node:stream'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { ExecutorTaskStatus, ExecutorTaskWithSpec } from '../../src/engine/model/executor-task.ts'
import { type ExecutionPhase, isExecutionFinished } from '../../src/engine/model/run.ts'
import type { ExecutorClient, ExecutorLogRef, StoredContent } from '../../src/engine/ports/executor-client.ts'
import type { ExecutorRunService } from '../../src/engine/ports/executor-run-service.ts'
import { anExecutorStatus } from '../support/an-executor.ts'
import type { SeededRandom } from '../support/seeded-random.ts'

const preparedMsMax = 60_000

/** What outlives an executor process: pods, by executor task. */
export type SimPods = Map<string, { executorId: string; taskId: string }>

export interface SimExecutorOptions {
  id: string
  random: SeededRandom
  pods: SimPods
  now: () => number
  /** The run service that it speaks to at the moment, over a line that may fail. */
  runService: () => ExecutorRunService
}

/** An executor by the rules of spec/runs.md 18 without files, whose tasks go on a step at a time. It may crash: then its memory is lost
 *  and its pods stay until it is back. */
export class SimExecutor implements ExecutorClient {
  readonly id: string
  isUp = true
  /** Since it is up it has looked after its pods. */
  isSwept = true
  /** Executor tasks that were started and whose start it has not forgotten in a crash. */
  started: string[] = []
  readonly #options: SimExecutorOptions
  #tasks = new Map<string, ExecutorTaskWithSpec>()
  /** Since when. */
  #prepared = new Map<string, number>()

  constructor(options: SimExecutorOptions) {
    this.id = options.id
    this.#options = options
  }

  async submit(task: ExecutorTaskWithSpec): Promise<void> {
    this.#requireUp()
    await this.#take(structuredClone(task))
  }

  async prepare(task: ExecutorTaskWithSpec): Promise<void> {
    this.#requireUp()
    if (this.#tasks.has(task.id)) return
    this.#prepared.set(task.id, this.#options.now())
    this.#addPod(task.id)
  }

  async discard(taskId: string): Promise<void> {
    this.#requireUp()
    if (this.#prepared.delete(taskId)) this.#options.pods.delete(this.#podOf(taskId))
  }

  async openLog({ taskId, step }: ExecutorLogRef): Promise<StoredContent> {
    this.#requireUp()
    if (!this.#tasks.has(taskId)) throw new AgolaError('logDoesNotExist', `no log of ${taskId}`)
    return contentOf(`log of ${taskId}/${step}`)
  }

  async openArchive(taskId: string, step: number): Promise<StoredContent> {
    this.#requireUp()
    const phase = this.#tasks.get(taskId)?.status.steps[step]?.phase
    if (phase !== 'success') throw new AgolaError('archiveDoesNotExist', `no archive of ${taskId}`)
    return contentOf(`archive of ${taskId}/${step}`)
  }

  crash(): void {
    this.isUp = false
    this.isSwept = false
    this.started = []
    this.#tasks = new Map()
    this.#prepared = new Map()
  }

  restart(): void {
    this.isUp = true
  }

  /** What its loops do: it says that it lives, asks for its tasks, repeats what it knows of them, and sweeps its pods. */
  async poll(): Promise<void> {
    if (!this.isUp) return
    const active = [...this.#tasks.values()].filter((task) => !isExecutionFinished(task.status.phase)).length
    const status = anExecutorStatus({ activeTasksLimit: 3, activeTasks: active })
    await this.#options.runService().sendExecutorStatus(this.id, status)
    const known = [...this.#tasks.keys()]
    const listed = await this.#options.runService().listExecutorTasks(this.id)
    if (!this.isUp) return
    for (const task of listed) await this.#take(structuredClone(task))
    for (const id of known) if (!listed.some((task) => task.id === id)) this.#forget(id)
    for (const task of [...this.#tasks.values()]) await this.#report(task)
    this.#sweep()
  }

  /** One of its tasks goes on. */
  async work(): Promise<void> {
    const { random } = this.#options
    const open = [...this.#tasks.values()].filter((task) => !isExecutionFinished(task.status.phase))
    const task = open[random.below(open.length)]
    if (!this.isUp || task === undefined) return
    const hasFailed = random.below(10) === 0
    const end = task.stop ? 'stopped' : hasFailed ? 'failed' : 'success'
    const index = task.status.steps.findIndex((step) => step.phase === 'notstarted')
    if (task.status.setupStep.phase === 'running') task.status.setupStep = this.#step('success')
    else if (index >= 0) task.status.steps[index] = this.#step(end)
    const isOver = task.status.steps.every((step) => step.phase !== 'notstarted') || end !== 'success'
    if (isOver && task.status.setupStep.phase !== 'running') this.#end(task, index >= 0 || task.stop ? end : 'success')
    await this.#report(task)
  }

  /** Tasks that it holds, prepared ones included. */
  holds(taskId: string): boolean {
    return this.#tasks.has(taskId) || this.#prepared.has(taskId)
  }

  async #take(task: ExecutorTaskWithSpec): Promise<void> {
    const known = this.#tasks.get(task.id)
    if (known !== undefined) {
      known.stop ||= task.stop
      return
    }
    const { phase } = task.status
    if (phase === 'running')
      await this.#send(task.id, { ...task.status, phase: 'failed', endTime: this.#options.now() })
    else if (phase === 'notstarted' && task.stop) await this.#send(task.id, { ...task.status, phase: 'cancelled' })
    else if (phase === 'notstarted') await this.#start(task)
  }

  async #start(task: ExecutorTaskWithSpec): Promise<void> {
    this.started.push(task.id)
    this.#prepared.delete(task.id)
    this.#tasks.set(task.id, task)
    this.#addPod(task.id)
    task.status = { ...task.status, phase: 'running', startTime: this.#options.now(), setupStep: this.#step('running') }
    await this.#report(task)
  }

  #end(task: ExecutorTaskWithSpec, phase: ExecutionPhase): void {
    task.status = { ...task.status, phase, endTime: this.#options.now() }
    this.#options.pods.delete(this.#podOf(task.id))
  }

  async #report(task: ExecutorTaskWithSpec): Promise<void> {
    await this.#send(task.id, structuredClone(task.status))
  }

  async #send(taskId: string, status: ExecutorTaskStatus): Promise<void> {
    try {
      await this.#options.runService().sendExecutorTaskStatus(taskId, status)
    } catch (error) {
      // The next poll repeats it.
      if (!(error instanceof AgolaError) || error.kind === 'internal') throw error
    }
  }

  #forget(taskId: string): void {
    this.#tasks.delete(taskId)
    this.#sweep()
  }

  #sweep(): void {
    this.isSwept = true
    // Who asked for it may have died since.
    for (const [id, since] of this.#prepared) if (this.#options.now() - since > preparedMsMax) this.#prepared.delete(id)
    for (const [pod, { executorId, taskId }] of this.#options.pods) {
      if (executorId === this.id && !this.holds(taskId)) this.#options.pods.delete(pod)
    }
  }

  #addPod(taskId: string): void {
    this.#options.pods.set(this.#podOf(taskId), { executorId: this.id, taskId })
  }

  #podOf(taskId: string): string {
    return `${this.id}/${taskId}`
  }

  #step(phase: ExecutionPhase) {
    const endTime = phase === 'running' ? null : this.#options.now()
    return { phase, exitStatus: phase === 'success' ? 0 : 1, startTime: this.#options.now(), endTime }
  }

  #requireUp(): void {
    if (!this.isUp) throw new AgolaError('storeUnreachable', `executor ${this.id} is down`)
  }
}

function contentOf(text: string): StoredContent {
  return { sizeBytes: Buffer.byteLength(text), stream: () => Readable.from([Buffer.from(text)]) }
}
