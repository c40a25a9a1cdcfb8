import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import { systemClock as clock, createLog, systemRandom as random } from '../../src/engine/adapters/system.ts'
import { lowerCloneStep } from '../../src/engine/compile/clone-script.ts'
import { compileRuns } from '../../src/engine/compile/compile.ts'
import type { CompiledRun } from '../../src/engine/compile/compiled-run.ts'
import { directRunMessage, directRunOrigin } from '../../src/engine/compile/direct-run-origin.ts'
import { requireConfig } from '../../src/engine/config/load.ts'
import type { SourceContext } from '../../src/engine/config/source-context.ts'
import { Executor } from '../../src/engine/executor/executor.ts'
import type { Run } from '../../src/engine/model/run.ts'
import type { RunConfigTask } from '../../src/engine/model/run-config.ts'
import type { PodDriver } from '../../src/engine/ports/pod-driver.ts'
import type { RunWithConfig } from '../../src/engine/ports/run-service.ts'
import { readConfig } from '../../src/engine/read-config.ts'
import { DataRunArchive } from '../../src/engine/runservice/data-run-archive.ts'
import { RunService } from '../../src/engine/runservice/run-service.ts'
import { Scheduler } from '../../src/engine/scheduler/scheduler.ts'
import { runLoop } from '../../src/engine/std/run-loop.ts'
import { throughJson } from './through-json.ts'

const log = createLog('error', (line) => process.stderr.write(line))

/** The engine as a server has it: run service, scheduler and executor are services of their own that see each other through their
 *  ports alone, over stores that no process owns; clone steps are scripts that run git in the container. */
export class ServedEngine {
  readonly #runService: RunService
  readonly #scheduler: Scheduler
  readonly #executor: Executor
  readonly #directory: string
  readonly #ending = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()

  static async start(openDriver: (directory: string) => PodDriver): Promise<ServedEngine> {
    const kv = new MemoryKeyValueStore({ clock, random })
    const objects = new MemoryObjectStorage({ clock })
    const archive = await DataRunArchive.open({ kv, objects, clock, random, log })
    const executors = new Map<string, Executor>()
    const runService = new RunService({
      ...{ kv, objects, archive, clock, random, log },
      executors: {
        clientFor: ({ id }) => {
          const executor = executors.get(id)
          return executor === undefined ? null : throughJson(executor)
        },
      },
      secrets: { forRun: () => new Map() },
    })
    await runService.start()
    const directory = await mkdtemp(join(tmpdir(), 'agola-served-'))
    const executor = new Executor({
      ...{ id: random.uuid(), group: 'group', driver: openDriver(directory), clock, random, log },
      runService: throughJson(runService),
      sources: { openSource: () => Promise.reject(new Error('a server clones by script')) },
      dataDir: join(directory, 'data'),
      activeTasksLimit: 2,
      allowPrivileged: false,
      pull: 'missing',
      stopGraceMs: 1000,
    })
    executors.set(executor.id, executor)
    return new ServedEngine(runService, executor, directory)
  }

  private constructor(runService: RunService, executor: Executor, directory: string) {
    this.#runService = runService
    this.#executor = executor
    this.#directory = directory
    this.#scheduler = new Scheduler({ runService: throughJson(runService), clock, log })
    this.#scheduler.start()
    const loops = executor.loops.map((loop) =>
      runLoop(loop, { clock, log, intervalMs: loop.intervalMs }, this.#ending.signal),
    )
    this.#loops = Promise.all(loops)
  }

  /** Runs the config of a repository at a commit of its branch `main` to the end. */
  async run(repository: string, commitSha: string): Promise<RunWithConfig> {
    const [request] = await compileRepository(repository, commitSha)
    if (request === undefined) throw new Error('the config has no run')
    const { run, runConfig } = await this.#runService.createRun(request)
    let last: Run = run
    for await (const state of this.#runService.watchRun(run.id)) last = state
    return { run: last, runConfig }
  }

  async log(run: Run, taskId: string, step: number): Promise<string> {
    return await text((await this.#runService.openLog({ runId: run.id, taskId, step })).stream())
  }

  async end(): Promise<void> {
    await this.#scheduler.close()
    await this.#executor.close()
    this.#ending.abort()
    await this.#loops
    await this.#runService.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

async function compileRepository(repository: string, commitSha: string): Promise<CompiledRun[]> {
  const source: SourceContext = {
    ...{ refType: 'branch', ref: 'refs/heads/main', branch: 'main', tag: '', pullRequestId: '' },
    commitSha,
  }
  const tree = {
    readFile: (path: string) => readFile(join(repository, path)).catch(() => null),
    readLink: async () => null,
    listFiles: async () => [],
  }
  const config = await requireConfig(await readConfig(tree, { context: source, strict: true }))
  const origin = { userId: 'user', repoUuid: 'repository', repositoryUrl: `file://${repository}`, source, local: false }
  const { runs } = await compileRuns({
    ...{ config, source, message: directRunMessage, origin: directRunOrigin(origin), variables: new Map() },
    newTaskId: () => random.uuid(),
  })
  return runs.map((run) => ({ ...run, tasks: mapTasks(run.tasks, withCloneScripts) }))
}

function withCloneScripts(task: RunConfigTask): RunConfigTask {
  return { ...task, steps: task.steps.map((step) => (step.type === 'clone' ? lowerCloneStep(step) : step)) }
}

function mapTasks(tasks: CompiledRun['tasks'], change: (task: RunConfigTask) => RunConfigTask): CompiledRun['tasks'] {
  return Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, change(task)]))
}
