import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createLog, systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'
import { Executor, type ExecutorOptions } from '../../../../src/engine/executor/executor.ts'
import type {
  ExecutorStep,
  ExecutorTaskSpec,
  ExecutorTaskStatus,
  WorkspaceOperation,
} from '../../../../src/engine/model/executor-task.ts'
import type { PodDriver } from '../../../../src/engine/ports/pod-driver.ts'
import type { Source } from '../../../../src/engine/ports/source-provider.ts'
import { anExecutorTask } from '../../../support/an-executor-task.ts'
import { FakeExecutorRunService } from '../../../support/fake-executor-run-service.ts'

export interface StepsOutcome {
  status: ExecutorTaskStatus
  /** Of the steps that started. */
  logs: string[]
  setUpLog: string
}

/** An executor over a driver that runs real programs. */
export class StepWorld {
  readonly driver: PodDriver
  readonly image: string
  readonly dataDir: string
  readonly executor: Executor
  readonly runService = new FakeExecutorRunService()
  source: Source = { sizeBytes: null, commitSha: 'none', stream: () => Readable.from([Buffer.alloc(1024)]) }
  #count = 0

  private constructor(driver: PodDriver, image: string, dataDir: string, given: Partial<ExecutorOptions>) {
    this.driver = driver
    this.image = image
    this.dataDir = dataDir
    this.executor = new Executor({
      ...{ id: 'executor-1', group: 'group-1', driver, dataDir, runService: this.runService },
      sources: { openSource: async () => this.source },
      clock: systemClock,
      random: systemRandom,
      log: createLog('warn', (line) => process.stderr.write(line)),
      activeTasksLimit: 0,
      allowPrivileged: false,
      pull: 'never',
      stopGraceMs: 4000,
      ...given,
    })
  }

  static async make(driver: PodDriver, image: string, given: Partial<ExecutorOptions> = {}): Promise<StepWorld> {
    return new StepWorld(driver, image, await mkdtemp(join(tmpdir(), 'agola-steps-')), given)
  }

  /** Runs the steps as one task. */
  async run(steps: ExecutorStep[], spec: Partial<ExecutorTaskSpec> = {}): Promise<StepsOutcome> {
    const id = await this.submit(steps, spec)
    return this.outcome(id)
  }

  async submit(steps: ExecutorStep[], spec: Partial<ExecutorTaskSpec> = {}): Promise<string> {
    const task = this.task(steps, spec)
    await this.executor.submit(task)
    return task.id
  }

  task(steps: ExecutorStep[], spec: Partial<ExecutorTaskSpec> = {}) {
    this.#count += 1
    const id = `task-${this.#count}`
    const container = { image: this.image, environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }
    return anExecutorTask({ id, spec: { containers: [container], steps, ...spec } })
  }

  async outcome(id: string): Promise<StepsOutcome> {
    const status = await this.runService.finished(id)
    const started = status.steps.filter((step) => step.phase !== 'notstarted')
    const logs = await Promise.all(started.map((_, index) => this.log(id, index)))
    return { status, logs, setUpLog: await this.log(id, null) }
  }

  async log(taskId: string, step: number | null): Promise<string> {
    return text((await this.executor.openLog({ taskId, step })).stream())
  }

  /** Makes what the step of a task saved the workspace of a later task. */
  async keepArchive(taskId: string, step: number, name = 'parent'): Promise<WorkspaceOperation> {
    const { file } = await this.executor.openArchive(taskId, step)
    if (file === undefined) throw new Error('the archive has no file')
    this.runService.archives.set(`${name}/${step}`, { file })
    return { taskId: name, taskName: `task ${name}`, step }
  }

  async end(): Promise<void> {
    await this.executor.close()
    await this.driver.close()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
