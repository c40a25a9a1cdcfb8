import { Readable } from 'node:stream'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { ExecutorStatus } from '../../src/engine/model/executor.ts'
import type { ExecutorTaskStatus, ExecutorTaskWithSpec } from '../../src/engine/model/executor-task.ts'
import type { ExecutionPhase } from '../../src/engine/model/run.ts'
import type { ExecutorClient, ExecutorLogRef, StoredContent } from '../../src/engine/ports/executor-client.ts'
import type { ExecutorRunService } from '../../src/engine/ports/executor-run-service.ts'
import { anExecutorStatus } from './an-executor.ts'

/** An executor whose tasks do nothing: a test says how they end. Logs and archives are what the test puts there. */
export class FakeExecutor implements ExecutorClient {
  readonly id: string
  readonly tasks = new Map<string, ExecutorTaskWithSpec>()
  /** Names of tasks, in the order in which they were submitted for the first time. */
  readonly submitted: string[] = []
  /** Names of tasks that are prepared and neither submitted nor discarded. */
  readonly prepared = new Map<string, string>()
  /** `<task name>/<step or setup>` → content. */
  readonly logs = new Map<string, string>()
  readonly archives = new Map<string, string>()
  status: ExecutorStatus
  #waiters: (() => void)[] = []
  #runService: ExecutorRunService | null = null

  constructor(id = 'executor-1', status: Partial<ExecutorStatus> = {}) {
    this.id = id
    this.status = anExecutorStatus({ activeTasksLimit: 0, ...status })
  }

  /** From now on it reports there. */
  async join(runService: ExecutorRunService): Promise<void> {
    this.#runService = runService
    await this.report()
  }

  async report(): Promise<void> {
    await this.#service.sendExecutorStatus(this.id, this.status)
  }

  async submit(task: ExecutorTaskWithSpec): Promise<void> {
    const { taskName } = task.spec
    if (!this.tasks.has(task.id)) this.submitted.push(taskName)
    this.prepared.delete(task.id)
    this.tasks.set(task.id, task)
    for (const wake of this.#waiters.splice(0)) wake()
  }

  async prepare(task: ExecutorTaskWithSpec): Promise<void> {
    this.prepared.set(task.id, task.spec.taskName)
  }

  async discard(taskId: string): Promise<void> {
    this.prepared.delete(taskId)
  }

  async openLog({ taskId, step }: ExecutorLogRef): Promise<StoredContent> {
    const name = `${this.tasks.get(taskId)?.spec.taskName}/${step ?? 'setup'}`
    return contentOf(this.logs.get(name), () => new AgolaError('logDoesNotExist', `no log ${name}`))
  }

  async openArchive(taskId: string, step: number): Promise<StoredContent> {
    const name = `${this.tasks.get(taskId)?.spec.taskName}/${step}`
    return contentOf(this.archives.get(name), () => new AgolaError('archiveDoesNotExist', `no archive ${name}`))
  }

  /** Resolves to the task of this name once it was submitted. */
  async task(name: string): Promise<ExecutorTaskWithSpec> {
    for (;;) {
      const task = [...this.tasks.values()].find((candidate) => candidate.spec.taskName === name)
      if (task !== undefined) return task
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  async start(name: string): Promise<void> {
    await this.#send(name, { phase: 'running', startTime: 1, setupStep: step('running') })
  }

  /** Resolves when the end of the task was stored, with all of its steps in the same phase. */
  async finish(name: string, phase: ExecutionPhase = 'success', more: Partial<ExecutorTaskStatus> = {}): Promise<void> {
    const { spec } = await this.task(name)
    const steps = spec.steps.map(() => step(phase))
    await this.#send(name, { phase, startTime: 1, endTime: 2, setupStep: step('success'), steps, ...more })
  }

  async #send(name: string, status: Partial<ExecutorTaskStatus>): Promise<void> {
    const task = await this.task(name)
    const steps = task.spec.steps.map(() => step('notstarted'))
    const whole = { phase: 'running', timedout: false, failError: '', startTime: null, endTime: null } as const
    await this.#service.sendExecutorTaskStatus(task.id, { ...whole, setupStep: step('success'), steps, ...status })
  }

  get #service(): ExecutorRunService {
    if (this.#runService === null) throw new Error('the executor has not joined a run service')
    return this.#runService
  }
}

function step(phase: ExecutionPhase) {
  return { phase, exitStatus: phase === 'success' ? 0 : null, startTime: 1, endTime: phase === 'running' ? null : 2 }
}

function contentOf(text: string | undefined, missing: () => AgolaError): StoredContent {
  if (text === undefined) throw missing()
  return { sizeBytes: Buffer.byteLength(text), stream: () => Readable.from([Buffer.from(text)]) }
}
