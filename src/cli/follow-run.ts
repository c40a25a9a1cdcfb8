import { hasCode } from '../engine/model/errors.ts'
import type { RunTaskId, TimeMs } from '../engine/model/ids.ts'
import type { ProgressEvent, ProgressTask, StepRef, TaskRef } from '../engine/model/progress-event.ts'
import {
  isExecutionFinished,
  isRunFinished,
  isTaskFinished,
  type RunTask,
  type RunTaskStep,
} from '../engine/model/run.ts'
import type { RunConfigTask } from '../engine/model/run-config.ts'
import type { RunState, Runs } from '../engine/ports/runs.ts'
import { cutLogText } from '../views/cut-log.ts'
import { Channel } from './channel.ts'

export interface FollowOptions {
  signal?: AbortSignal | undefined
  now: () => TimeMs
}

const unreadEventsMax = 64

/** One run as a stream of events: what its state says, with the logs of its steps between their start and their end.
 *  Ends after `run_finished`. Fails with what the engine fails with. */
export function followRun(runs: Runs, number: number, options: FollowOptions): AsyncIterable<ProgressEvent> {
  const follower = new Follower(runs, number, options)
  follower.start()
  return follower.events
}

class Follower {
  readonly events = new Channel<ProgressEvent>(unreadEventsMax)
  private readonly runs: Runs
  private readonly number: number
  private readonly options: FollowOptions
  private state: RunState | null = null
  private readonly followed = new Map<RunTaskId, Promise<void>>()
  private readonly waitingApproval = new Set<RunTaskId>()
  /** Paused tasks with the time since when. */
  private readonly paused = new Map<RunTaskId, { step: StepRef; since: TimeMs; until: TimeMs }>()
  /** Task followers that wait for the next state. */
  private wakers: (() => void)[] = []
  private watchEnded = false

  constructor(runs: Runs, number: number, options: FollowOptions) {
    this.runs = runs
    this.number = number
    this.options = options
  }

  start(): void {
    this.watch().then(
      () => this.events.end(),
      (reason: unknown) => this.events.end({ reason }),
    )
  }

  private async watch(): Promise<void> {
    try {
      for await (const state of this.runs.watch(this.number, { signal: this.options.signal })) await this.onState(state)
    } finally {
      this.watchEnded = true
      this.wake()
    }
    await Promise.all(this.followed.values())
    if (this.state !== null && isRunFinished(this.state.run.phase)) await this.emitRunFinished(this.state)
  }

  private async onState(state: RunState): Promise<void> {
    const before = this.state
    this.state = state
    if (before === null) await this.emitRunCreated(state)
    for (const task of Object.values(state.run.tasks)) {
      // One that changes is another object.
      if (task === before?.run.tasks[task.id]) continue
      // A clock that was set back makes others look as if they had ended before the run began: kept tasks are over from the first.
      await this.onTask(task, state, before === null && isKept(task, state))
    }
    this.wake()
  }

  private async onTask(task: RunTask, state: RunState, isKeptTask: boolean): Promise<void> {
    const config = state.runConfig.tasks[task.id]
    if (config === undefined) return
    await this.onPause(task, config)
    if (this.followed.has(task.id)) return
    if (task.waitingApproval && !this.waitingApproval.has(task.id)) {
      this.waitingApproval.add(task.id)
      await this.emit({ type: 'approval_required', task: refOf(config) })
    }
    if (task.status === 'notstarted') return
    if (isKeptTask) {
      this.followed.set(task.id, Promise.resolve())
      return
    }
    const following = this.followTask(config)
    // A failure ends the stream; that it is awaited only later must not count as unhandled.
    following.catch((reason: unknown) => this.events.end({ reason }))
    this.followed.set(task.id, following)
  }

  private async onPause({ id, paused }: RunTask, config: RunConfigTask): Promise<void> {
    const known = this.paused.get(id)
    if (known?.since === paused?.since && known?.until === paused?.until) return
    if (known !== undefined && known.since !== paused?.since) {
      this.paused.delete(id)
      await this.emit({ type: 'task_resumed', task: refOf(config), step: known.step })
    }
    const step = stepsOf(config)[paused?.step ?? 0]
    if (paused === undefined || step === undefined) return
    const { exitStatus, since, until } = paused
    this.paused.set(id, { step, since, until })
    await this.emit({ type: 'task_paused', task: refOf(config), step, exitStatus, until })
  }

  private async followTask(config: RunConfigTask): Promise<void> {
    const ref = refOf(config)
    if (this.taskOf(config.id).setupStep.phase !== 'notstarted')
      await this.emit({ type: 'task_started', task: ref }, this.taskOf(config.id).startTime)
    for (const step of [setupStep, ...stepsOf(config)]) {
      const state = await this.untilTask(
        config.id,
        (task) => isTaskFinished(task.status) || stepStateOf(task, step.index).phase !== 'notstarted',
      )
      if (stepStateOf(state, step.index).phase === 'notstarted') break
      await this.followStep(ref, step)
    }
    const end = await this.untilTask(config.id, (task) => isTaskFinished(task.status))
    await this.emit(
      {
        type: 'task_finished',
        task: ref,
        status: end.status,
        timedout: end.timedout,
        failError: end.failError,
        durationMs: durationOf(end),
      },
      end.endTime,
    )
  }

  private async followStep(task: TaskRef, step: StepRef): Promise<void> {
    await this.emit({ type: 'step_started', task, step }, stepStateOf(this.taskOf(task.id), step.index).startTime)
    const bytes = await this.pumpLog(task, step)
    const state = await this.untilTask(
      task.id,
      (runTask) => isTaskFinished(runTask.status) || isExecutionFinished(stepStateOf(runTask, step.index).phase),
    )
    const end = stepStateOf(state, step.index)
    const { phase, exitStatus, endTime } = end
    const cutLog = cutLogText(`${task.name}/${step.name}`, end, bytes)
    await this.emit(
      { type: 'step_finished', task, step, phase, exitStatus, durationMs: durationOf(end), cutLog },
      endTime,
    )
  }

  /** Gives the bytes that came; null when there is no log. */
  private async pumpLog(task: TaskRef, step: StepRef): Promise<number | null> {
    const { signal } = this.options
    let bytes = 0
    try {
      const log = { number: this.number, task: task.id, step: step.index === setupStep.index ? null : step.index }
      for await (const data of await this.runs.openLog(log, { follow: true, signal })) {
        bytes += (data as Uint8Array).length
        await this.emit({ type: 'step_output', task, step, data: data as Uint8Array })
      }
      return bytes
    } catch (error) {
      // A step that printed nothing, or whose executor is gone, has no log.
      if (!hasCode(error, 'logDoesNotExist')) throw error
      return null
    }
  }

  private async emitRunCreated({ run, runConfig }: RunState): Promise<void> {
    const tasks = Object.values(runConfig.tasks).map((task): ProgressTask => {
      const depends = Object.values(task.depends).map(({ taskId, conditions }) => ({ id: taskId, conditions }))
      return {
        ...refOf(task),
        level: task.level,
        depends,
        status: run.tasks[task.id]?.status ?? 'notstarted',
        steps: stepsOf(task),
      }
    })
    const { name, group, phase } = run
    await this.emit(
      { type: 'run_created', name, group, phase, setupErrors: runConfig.setupErrors, tasks },
      run.creationTime,
    )
  }

  private async emitRunFinished({ run }: RunState): Promise<void> {
    await this.emit(
      { type: 'run_finished', phase: run.phase, result: run.result, durationMs: durationOf(run) },
      run.endTime,
    )
  }

  private emit(event: Omit1<ProgressEvent>, time: TimeMs | null = null): Promise<void> {
    return this.events.write({ ...event, time: time ?? this.options.now(), run: this.number } as ProgressEvent)
  }

  private taskOf(id: RunTaskId): RunTask {
    const task = this.state?.run.tasks[id]
    if (task === undefined) throw new Error(`run ${this.number} has lost its task ${id}`)
    return task
  }

  /** The task in the first state that satisfies `holds`, or in the last state there is. */
  private async untilTask(id: RunTaskId, holds: (task: RunTask) => boolean): Promise<RunTask> {
    while (!holds(this.taskOf(id)) && !this.watchEnded) await new Promise<void>((resolve) => this.wakers.push(resolve))
    return this.taskOf(id)
  }

  private wake(): void {
    for (const resolve of this.wakers.splice(0)) resolve()
  }
}

type Omit1<Event> = Event extends ProgressEvent ? Omit<Event, 'time' | 'run'> : never

/** A restart keeps tasks that succeeded before: `run_created` tells of them, and they are not told again. */
function isKept({ endTime }: RunTask, { run }: RunState): boolean {
  return endTime !== null && endTime < run.creationTime
}

const setupStep: StepRef = { index: -1, name: 'setup', type: 'setup' }

function refOf({ id, name }: RunConfigTask): TaskRef {
  return { id, name }
}

function stepsOf(task: RunConfigTask): StepRef[] {
  return task.steps.map((step, index) => ({ index, name: step.name === '' ? step.type : step.name, type: step.type }))
}

const noStep: RunTaskStep = {
  phase: 'notstarted',
  logPhase: 'notstarted',
  exitStatus: null,
  startTime: null,
  endTime: null,
}

function stepStateOf(task: RunTask, index: number): RunTaskStep {
  return index === setupStep.index ? task.setupStep : (task.steps[index] ?? noStep)
}

function durationOf({ startTime, endTime }: { startTime: TimeMs | null; endTime: TimeMs | null }): number {
  return startTime === null || endTime === null ? 0 : Math.max(0, endTime - startTime)
}
