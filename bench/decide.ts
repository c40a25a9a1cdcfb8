import { newExecutorTask } from '../src/engine/decide/executor-task-status.ts'
import { newRunState, RunDraft, type RunState } from '../src/engine/decide/run-draft.ts'
import { withAllFetched, withArchivesFetched } from '../src/engine/decide/run-task-state.ts'
import { aRunConfig, aRunningRun, aRunStep, aSaveStep, type TaskSketch } from '../test/support/a-run-config.ts'
import { type BenchRow, median } from './row.ts'

const tasks = 10_000
const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 5)

/** Shapes that hurt: each would cost the square of its size if every event looked at every task. */
const shapes: Record<string, (index: number) => string[]> = {
  'in layers of 100, three parents each': (index) =>
    index < 100 ? [] : [0, 1, 2].map((n) => name(index - 100 - (index % 100) + ((index + n * 7) % 100))),
  'in one chain': (index) => (index === 0 ? [] : [name(index - 1)]),
  'with one task that waits for all others': (index) =>
    index === tasks - 1 ? Array.from({ length: tasks - 1 }, (_, n) => name(n)) : [],
}

/** Times the decisions of whole runs: every submission, report and fetch of every task, one event at a time. */
export async function rows(): Promise<BenchRow[]> {
  return Object.entries(shapes).map(([shape, parentsOf]) => {
    const config = aRunConfig(Array.from({ length: tasks }, (_, index) => aSketch(index, parentsOf(index))))
    const times = Array.from({ length: rounds + 1 }, () => {
      const run = aRunningRun(config)
      const start = performance.now()
      runToItsEnd(newRunState(run, config))
      return (performance.now() - start) / 1000
    })
    const ours = median(times.slice(1))
    return { work: `deciding 10,000 tasks ${shape}`, against: '', unit: 's', ours, theirs: null, limit: 1 }
  })
}

const name = (index: number) => `t${index}`

function aSketch(index: number, depends: string[]): TaskSketch {
  return { name: name(index), depends, steps: [aRunStep(), ...(index % 2 === 0 ? [aSaveStep] : [])] }
}

const limit = 16

function runToItsEnd(state: RunState): void {
  const active: string[] = []
  const step = (change: (draft: RunDraft) => void) => {
    const draft = new RunDraft(state)
    change(draft)
    draft.decide(1)
    for (let ready = next(); ready !== undefined; ready = next()) {
      draft.setExecutorTask(newExecutorTask(`et-${ready.id}`, 'e', draft.header.id, draft.task(ready.id)))
      active.push(ready.id)
    }
    draft.accept()
    function next() {
      return active.length < limit ? draft.firstReady(() => true) : undefined
    }
  }
  step(() => undefined)
  for (let id = active.shift(); id !== undefined; id = active.shift()) {
    const task = id
    step((draft) => draft.setTask({ ...draft.task(task), status: 'running' }))
    step((draft) => draft.setTask({ ...draft.task(task), status: 'success' }))
    step((draft) => draft.setTask(withArchivesFetched(draft.task(task))))
    step((draft) => {
      draft.setTask(withAllFetched(draft.task(task)))
      draft.deleteExecutorTask(task)
    })
  }
  if (state.run.phase !== 'finished') throw new Error(`the run is ${state.run.phase}`)
}
