import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import type { Run } from '../../src/engine/model/run.ts'
import type { Log } from '../../src/engine/ports/log.ts'
import type { CreateRunRequest } from '../../src/engine/ports/run-service.ts'
import { RunService } from '../../src/engine/runservice/run-service.ts'
import type { RunServiceOptions } from '../../src/engine/runservice/run-service-options.ts'
import { aRunConfig, type TaskSketch } from './a-run-config.ts'
import { FakeExecutor } from './fake-executor.ts'
import { MemoryRunArchive } from './memory-run-archive.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimClock } from './sim-clock.ts'

const ignore = () => undefined
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** A run service over stores in memory, and executors that do what the test says. */
export interface RunServiceWorld {
  runService: RunService
  executor: FakeExecutor
  executors: Map<string, FakeExecutor>
  kv: MemoryKeyValueStore
  objects: MemoryObjectStorage
  archive: MemoryRunArchive
  clock: SimClock
  secrets: Map<string, string>
  options: RunServiceOptions
}

export async function aRunService(given: Partial<RunServiceOptions> = {}): Promise<RunServiceWorld> {
  const clock = new SimClock()
  const random = new SeededRandom(1)
  const kv = new MemoryKeyValueStore({ clock, random })
  const objects = new MemoryObjectStorage({ clock })
  const archive = new MemoryRunArchive(given.kv ?? kv)
  const executor = new FakeExecutor()
  const executors = new Map([[executor.id, executor]])
  const secrets = new Map<string, string>()
  const options: RunServiceOptions = {
    kv,
    objects,
    archive,
    executors: { clientFor: ({ id }) => executors.get(id) ?? null },
    secrets: { forRun: () => secrets },
    clock,
    random,
    log: silentLog,
    ...given,
  }
  const runService = new RunService(options)
  await runService.follow()
  await executor.join(runService)
  return { runService, executor, executors, kv, objects, archive, clock, secrets, options }
}

export function aCreateRequest(sketches: TaskSketch[], given: Partial<CreateRunRequest> = {}): CreateRunRequest {
  const { id: _id, creationTime: _time, ...config } = aRunConfig(sketches)
  return { ...config, ...given }
}

/** Creates the run and starts it. */
export async function startRun(
  runService: RunService,
  sketches: TaskSketch[],
  given: Partial<CreateRunRequest> = {},
): Promise<Run> {
  const { run } = await runService.createRun(aCreateRequest(sketches, given))
  await runService.changeRunPhase(run.id, 'running')
  return run
}

/** The run as soon as it is as wanted, or at the end of the watch. */
export async function until(runService: RunService, runId: string, isWanted: (run: Run) => boolean): Promise<Run> {
  let last: Run | undefined
  for await (const run of runService.watchRun(runId)) {
    last = run
    if (isWanted(run)) break
  }
  if (last === undefined) throw new Error('the watch gave nothing')
  return last
}

export const untilArchived = (runService: RunService, runId: string) => until(runService, runId, (run) => run.archived)

/** Names of the tasks and how they are. */
export function statuses(run: Run): Record<string, string> {
  return Object.fromEntries(Object.values(run.tasks).map((task) => [task.id, task.status]))
}
