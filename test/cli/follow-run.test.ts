import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { followRun } from '../../src/cli/follow-run.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { ProgressEvent } from '../../src/engine/model/progress-event.ts'
import type { ExecutionPhase, Run, RunTask, RunTaskStatus, RunTaskStep } from '../../src/engine/model/run.ts'
import type { RunConfig, RunConfigTask } from '../../src/engine/model/run-config.ts'
import type { RunState, Runs } from '../../src/engine/ports/runs.ts'

const step = (phase: ExecutionPhase, exitStatus: number | null = null): RunTaskStep => ({
  phase,
  logPhase: 'notstarted',
  exitStatus,
  startTime: phase === 'notstarted' ? null : 10,
  endTime: phase === 'success' || phase === 'failed' ? 30 : null,
})

const task = (
  id: string,
  status: RunTaskStatus,
  setup: RunTaskStep,
  steps: RunTaskStep[],
  more: Partial<RunTask> = {},
): RunTask => ({
  id,
  status,
  timedout: false,
  skip: false,
  waitingApproval: false,
  approved: false,
  annotations: {},
  setupStep: setup,
  steps,
  workspaceArchives: [],
  workspaceArchivesPhase: [],
  failError: '',
  startTime: status === 'notstarted' ? null : 10,
  endTime: status === 'success' || status === 'failed' ? 30 : null,
  ...more,
})

function state(phase: Run['phase'], tasks: RunTask[]): RunState {
  const run = {
    name: 'r',
    counter: 7,
    group: '/user/u/branch/b',
    phase,
    result: phase === 'finished' ? 'success' : 'unknown',
    creationTime: 1,
    startTime: 5,
    endTime: phase === 'finished' ? 50 : null,
  }
  const configs = tasks.map(
    ({ id, steps }) =>
      ({
        id,
        name: `task ${id}`,
        level: 0,
        depends: {},
        steps: steps.map((_, index) => ({ type: 'run', name: `step ${index}` })),
      }) as unknown as RunConfigTask,
  )
  return {
    run: { ...run, tasks: Object.fromEntries(tasks.map((each) => [each.id, each])) } as unknown as Run,
    runConfig: {
      setupErrors: [],
      tasks: Object.fromEntries(configs.map((each) => [each.id, each])),
    } as unknown as RunConfig,
  }
}

/** Says each state in turn, and gives logs by `task/step`; those it does not know do not exist. */
function fakeRuns(states: RunState[], logs: Record<string, string[]>): Runs {
  return {
    async *watch() {
      for (const each of states) {
        yield each
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async openLog({ task: id, step: index }: { task: string; step: number | null }) {
      const chunks = logs[`${id}/${index ?? 'setup'}`]
      if (chunks === undefined) throw new AgolaError('logDoesNotExist', 'no such log')
      return Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
    },
  } as unknown as Runs
}

async function follow(states: RunState[], logs: Record<string, string[]> = {}): Promise<string[]> {
  const lines: string[] = []
  for await (const event of followRun(fakeRuns(states, logs), 7, { now: () => 0 })) lines.push(line(event))
  return lines
}

function line(event: ProgressEvent): string {
  const place = 'step' in event ? `${event.task.name}/${event.step.name}` : 'task' in event ? event.task.name : ''
  const extra =
    event.type === 'step_output'
      ? Buffer.from(event.data).toString()
      : 'status' in event
        ? event.status
        : 'phase' in event
          ? event.phase
          : ''
  return [event.type, place, extra].filter((part) => part !== '').join(' ')
}

test('a task is told from its set-up to its end, output between start and end of its step', async () => {
  const lines = await follow(
    [
      state('queued', [task('a', 'notstarted', step('notstarted'), [step('notstarted')])]),
      state('running', [task('a', 'running', step('running'), [step('notstarted')])]),
      state('running', [task('a', 'running', step('success', 0), [step('running')])]),
      state('running', [task('a', 'success', step('success', 0), [step('success', 0)])]),
      state('finished', [task('a', 'success', step('success', 0), [step('success', 0)])]),
    ],
    { 'a/setup': ['pulling'], 'a/0': ['one', 'two'] },
  )
  expect(lines).toEqual([
    'run_created queued',
    'task_started task a',
    'step_started task a/setup',
    'step_output task a/setup pulling',
    'step_finished task a/setup success',
    'step_started task a/step 0',
    'step_output task a/step 0 one',
    'step_output task a/step 0 two',
    'step_finished task a/step 0 success',
    'task_finished task a success',
    'run_finished finished',
  ])
})

test('a task that a restart has kept is not told again', async () => {
  const kept = task('a', 'success', step('success', 0), [step('success', 0)], { startTime: -20, endTime: -10 })
  expect(await follow([state('running', [kept]), state('finished', [kept])])).toEqual([
    'run_created running',
    'run_finished finished',
  ])
})

test('steps after a failed one are not told', async () => {
  const failed = task('a', 'failed', step('success', 0), [step('failed', 3), step('notstarted')])
  const lines = await follow([state('running', [failed]), state('finished', [failed])])
  expect(lines.filter((each) => each.includes('step 1'))).toEqual([])
  expect(lines).toContain('step_finished task a/step 0 failed')
})

test('a skipped task has an end and no start', async () => {
  const skipped = task('a', 'skipped', step('notstarted'), [step('notstarted')])
  expect(await follow([state('finished', [skipped])])).toEqual([
    'run_created finished',
    'task_finished task a skipped',
    'run_finished finished',
  ])
})

test('an approval is asked for once', async () => {
  const waiting = task('a', 'notstarted', step('notstarted'), [], { waitingApproval: true })
  const lines = await follow([state('running', [waiting]), state('running', [waiting])])
  expect(lines.filter((each) => each.startsWith('approval_required'))).toHaveLength(1)
})

test('an engine that fails ends the stream with its error', async () => {
  const runs = { ...fakeRuns([], {}), watch: () => failing() } as unknown as Runs
  // biome-ignore lint/correctness/useYield: it fails before it could.
  async function* failing(): AsyncGenerator<RunState> {
    throw new AgolaError('storeUnreachable', 'gone')
  }
  await expect(Array.fromAsync(followRun(runs, 7, { now: () => 0 }))).rejects.toThrow('gone')
})

test('a reader that leaves early does not leave the follower waiting', async () => {
  const states = [state('running', [task('a', 'running', step('success', 0), [step('running')])])]
  const chunks = Array.from({ length: 500 }, (_, index) => `${index}\n`)
  let seen = 0
  for await (const event of followRun(fakeRuns(states, { 'a/0': chunks }), 7, { now: () => 0 })) {
    if (event.type === 'step_output') seen += 1
    if (seen === 3) break
  }
  expect(seen).toBe(3)
})

test('a pause is told while its step runs, and again when the step fails once more', async () => {
  const running = (paused?: RunTask['paused']) =>
    state('running', [
      task('a', 'running', step('success', 0), [step('running')], paused === undefined ? {} : { paused }),
    ])
  const pause = { step: 0, exitStatus: 3, since: 12, until: 100 }
  const ended = task('a', 'success', step('success', 0), [step('success', 0)])
  const lines = await follow([
    running(),
    running(pause),
    running(pause),
    running({ ...pause, since: 14 }),
    running(),
    state('finished', [ended]),
  ])
  expect(lines.filter((each) => /paused|resumed/.test(each))).toEqual([
    'task_paused task a/step 0',
    'task_resumed task a/step 0',
    'task_paused task a/step 0',
    'task_resumed task a/step 0',
  ])
})

test('a task that ran while the clock was set back is told all the same', async () => {
  const early = task('a', 'success', step('success', 0), [step('success', 0)], { startTime: -20, endTime: -10 })
  const lines = await follow([
    state('running', [task('a', 'notstarted', step('notstarted'), [step('notstarted')])]),
    state('finished', [early]),
  ])
  expect(lines).toContain('step_finished task a/step 0 success')
  expect(lines).toContain('task_finished task a success')
})

test('the end of a step says that a part of its log was lost', async () => {
  const whole = { ...step('success', 0), logBytes: 6 }
  const ends = [whole, { ...whole, logBytes: 9 }, { ...whole, logBytes: 4 }]
  const states = [
    state('running', [
      task('a', 'running', step('success', 0), [step('running'), step('notstarted'), step('notstarted')]),
    ]),
    state('finished', [task('a', 'success', step('success', 0), ends)]),
  ]
  const runs = fakeRuns(states, { 'a/0': ['one', 'two'], 'a/1': ['one'] })
  const events = await Array.fromAsync(followRun(runs, 7, { now: () => 0 }))
  expect(events.flatMap((event) => (event.type === 'step_finished' ? [event.cutLog] : []))).toEqual([
    null,
    null,
    'the log of task a/step 1 was cut: 3 B of 9 B are left',
    'the log of task a/step 2 (4 B) is not there any more',
  ])
})
