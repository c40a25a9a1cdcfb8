import { tallyOf } from '../../src/engine/decide/decide-run.ts'
import type { RunState } from '../../src/engine/decide/run-draft.ts'
import { doesDependMatch, isSettled } from '../../src/engine/decide/run-task-state.ts'
import { isTaskFinished } from '../../src/engine/model/run.ts'
import { decodeRunEvent } from '../../src/engine/runservice/documents.ts'
import { RunStore } from '../../src/engine/runservice/run-store.ts'
import type { World } from './world.ts'

const legalEvents = [
  'queued/unknown',
  'queued/unknown cancelled/unknown',
  'queued/unknown running/unknown',
  ...['success', 'failed', 'stopped'].flatMap((result) => [
    `queued/unknown running/unknown running/${result}`,
    `queued/unknown running/unknown running/${result} finished/${result}`,
  ]),
]

/** What must hold after every step, read from the store itself. */
export class Checkers {
  readonly #world: World
  readonly #store: RunStore
  readonly #ended = new Map<string, string>()

  constructor(world: World) {
    this.#world = world
    this.#store = new RunStore({ ...world, onEvents: () => undefined })
  }

  async check(): Promise<void> {
    const { surprises } = this.#world
    if (surprises.length > 0) throw new Error('something was thrown that never should be', { cause: surprises[0] })
    const states = await this.#states()
    this.#oneRunningRunOfEachGroup(states)
    for (const state of states) {
      this.#noTaskBeforeItsParents(state)
      this.#noFinishedRunWithExecutorTasks(state)
      this.#resultsFitTheTasks(state)
      this.#endsAreForever(state)
    }
    await this.#noExecutorTaskWithoutRun(states)
    this.#noTaskStartedTwice()
    this.#noPodWithoutOwner()
    await this.#eventsTellTheStory()
  }

  /** When nothing goes wrong any more everything comes to its end. */
  async checkEnd(): Promise<void> {
    await this.check()
    const open = await this.#states()
    if (open.length > 0) fail(`runs are still there: ${open.map(({ run }) => `${run.phase}/${run.result}`).join(', ')}`)
    if (this.#world.pods.size > 0) fail(`${this.#world.pods.size} pods are left`)
    const { entries } = await this.#world.kv.range({ prefix: 'runservice/runtasks/' })
    if (entries.length > 0) fail(`tasks of archived runs are left: ${entries[0]?.key}`)
    const { runs } = await this.#world.archive.listRuns({})
    for (const { id, phase } of runs) {
      const run = await this.#world.archive.getRun(id)
      if (run === null) fail(`the archived run ${id} cannot be read`)
      if (phase === 'setuperror') continue
      const unfinished = Object.values(run?.tasks ?? {}).find((task) => !isTaskFinished(task.status))
      if (unfinished !== undefined) fail(`task ${unfinished.id} of an archived ${phase} run is ${unfinished.status}`)
    }
  }

  async #states(): Promise<RunState[]> {
    const active = await this.#store.activeRuns()
    const stored = await Promise.all(active.map(({ header }) => this.#store.load(header.id)))
    return stored.flatMap((run) => (run === null ? [] : [run.state]))
  }

  #oneRunningRunOfEachGroup(states: readonly RunState[]): void {
    const running = states.filter(({ run }) => run.phase === 'running').map(({ run }) => run.group)
    if (new Set(running).size < running.length) fail(`several runs of a group are running: ${running.join(', ')}`)
  }

  #noTaskBeforeItsParents({ run, config, executorTasks }: RunState): void {
    for (const id of executorTasks.keys()) {
      for (const depend of Object.values(config.tasks[id]?.depends ?? {})) {
        const parent = run.tasks[depend.taskId]
        if (parent === undefined || !isSettled(parent) || !doesDependMatch(depend, parent.status)) {
          fail(`task ${id} was given away while its parent ${depend.taskId} is ${parent?.status}`)
        }
      }
      const task = config.tasks[id]
      if (task?.needsApproval && !run.tasks[id]?.approved) fail(`task ${id} was given away without approval`)
    }
  }

  #noFinishedRunWithExecutorTasks({ run, executorTasks }: RunState): void {
    if (run.phase === 'finished' && executorTasks.size > 0) fail(`the finished run ${run.id} has executor tasks`)
  }

  #resultsFitTheTasks({ run, config, executorTasks }: RunState): void {
    const { failed, unfinished } = tallyOf(run, config, executorTasks)
    if (run.result === 'success' && (failed > 0 || unfinished > 0)) fail(`run ${run.id} is no success`)
    if (run.result === 'failed' && failed === 0) fail(`run ${run.id} has not failed`)
    if (run.result === 'stopped' && !run.stop) fail(`nobody stopped run ${run.id}`)
  }

  #endsAreForever({ run }: RunState): void {
    for (const task of Object.values(run.tasks)) {
      const key = `${run.id}/${task.id}`
      const before = this.#ended.get(key)
      if (before !== undefined && before !== task.status) fail(`task ${key} was ${before} and is ${task.status}`)
      if (isTaskFinished(task.status)) this.#ended.set(key, task.status)
    }
  }

  async #noExecutorTaskWithoutRun(states: readonly RunState[]): Promise<void> {
    const ids = new Set(states.map(({ run }) => run.id))
    const lost = (await this.#store.executorTasks()).find((task) => !ids.has(task.runId))
    if (lost !== undefined) fail(`executor task ${lost.id} has no run`)
  }

  #noTaskStartedTwice(): void {
    const started = this.#world.executors.flatMap((executor) => executor.started)
    if (new Set(started).size < started.length) fail('an executor task was started twice')
  }

  #noPodWithoutOwner(): void {
    for (const { executorId, taskId } of this.#world.pods.values()) {
      const owner = this.#world.executors.find((executor) => executor.id === executorId)
      if (owner === undefined || (owner.isUp && owner.isSwept && !owner.holds(taskId))) {
        fail(`the pod of task ${taskId} belongs to nobody`)
      }
    }
  }

  async #eventsTellTheStory(): Promise<void> {
    const events = (await this.#world.kv.range({ prefix: 'runservice/runevents/' })).entries.map(decodeRunEvent)
    const stories = new Map<string, string>()
    for (const [index, event] of events.entries()) {
      if (event.sequence !== index + 1) fail(`event ${index + 1} has the sequence ${event.sequence}`)
      const story = stories.get(event.runId)
      const chapter = `${event.phase}/${event.result}`
      stories.set(event.runId, story === undefined ? chapter : `${story} ${chapter}`)
    }
    for (const story of stories.values()) if (!legalEvents.includes(story)) fail(`a run went ${story}`)
  }
}

function fail(reason: string): never {
  throw new Error(reason)
}
