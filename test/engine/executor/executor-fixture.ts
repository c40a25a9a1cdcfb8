import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Executor, type ExecutorOptions } from '../../../src/engine/executor/executor.ts'
import { FakeExecutorRunService } from '../../support/fake-executor-run-service.ts'
import { FakePodDriver } from '../../support/fake-pod-driver.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

/** An executor over fake pods, whose set-up finds a home and a working directory, and simulated time. */
export class ExecutorFixture {
  readonly dataDir: string
  readonly driver = new FakePodDriver().when('uid=$(', async (process) => {
    await process.write('/root/project\0/root\0git\0')
    return 0
  })
  readonly runService = new FakeExecutorRunService()
  readonly clock = new SimClock()
  readonly warnings: string[] = []
  readonly #executors: Executor[] = []

  private constructor(dataDir: string) {
    this.dataDir = dataDir
  }

  static async make(): Promise<ExecutorFixture> {
    return new ExecutorFixture(await mkdtemp(join(tmpdir(), 'agola-executor-')))
  }

  create(given: Partial<ExecutorOptions> = {}): Executor {
    const ignore = () => undefined
    const { driver, runService, dataDir, clock } = this
    const executor = new Executor({
      ...{ id: 'executor-1', group: 'group-1', driver, runService, dataDir, clock },
      sources: { openSource: () => Promise.reject(new Error('no source')) },
      random: new SeededRandom(1),
      log: { debug: ignore, info: ignore, warn: (message) => this.warnings.push(message), error: ignore },
      activeTasksLimit: 2,
      allowPrivileged: false,
      pull: 'missing',
      stopGraceMs: 10_000,
      ...given,
    })
    this.#executors.push(executor)
    return executor
  }

  /** Closes all; afterwards no pod may be left, and the driver was used as its port says. */
  async end(): Promise<void> {
    for (const executor of this.#executors) await executor.close()
    await rm(this.dataDir, { recursive: true, force: true })
    expect(this.driver.violations).toEqual([])
    expect(this.driver.pods).toEqual([])
  }
}
