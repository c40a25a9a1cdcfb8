import { BenchRepository, benchImage, makeBenchImage } from './fixture.ts'
import { type BenchRow, formatRow, inTurns } from './row.ts'

const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 7)
const start = ['directrun', 'start', '--driver', 'docker', '--pull', 'never']

interface Step {
  run: { name: string; command: string; tty: boolean }
}
const step = (command: string): Step => ({ run: { name: command, command, tty: false } })
const task = (name: string, steps: Step[], depends: string[] = []) => ({
  name,
  runtime: { containers: [{ image: benchImage }] },
  steps,
  depends,
})
const config = (tasks: unknown[]) => ({ runs: [{ name: 'bench', tasks }] })
const dockerRun = ['run', '--rm', benchImage]

/** Times what a person waits for, each beside the same done by hand with Docker's own command line (design: decisions, section 4). */
export async function rows(): Promise<BenchRow[]> {
  makeBenchImage()
  return [...(await startUp()), ...(await oneTask()), await chain(), await independent(), await steps()]
}

async function measure(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ ours: number; theirs: number }> {
  const { oursMs, theirsMs } = await inTurns(rounds, ours, theirs)
  return { ours: oursMs, theirs: theirsMs }
}

async function withRepository<T>(content: unknown, work: (repository: BenchRepository) => Promise<T>): Promise<T> {
  const repository = new BenchRepository(content)
  try {
    return await work(repository)
  } finally {
    repository.remove()
  }
}

function startUp(): Promise<BenchRow[]> {
  return withRepository({}, async (repository) => {
    const rows: BenchRow[] = []
    for (const flag of ['--version', '--help']) {
      const figures = await measure(
        () => repository.agola([flag]),
        () => repository.run(process.execPath, ['-e', '0']),
      )
      rows.push({ work: `agola ${flag}`, against: 'node -e 0', unit: 'ms', ...figures, limit: 3 })
    }
    return rows
  })
}

function oneTask(): Promise<BenchRow[]> {
  return withRepository(config([task('one', [step('echo first-output')])]), async (repository) => {
    const first = await measure(
      () => repository.agola(start, 'first-output'),
      () => repository.run('docker', [...dockerRun, 'true']),
    )
    const whole = await measure(
      () => repository.agola(start),
      () => repository.run('docker', [...dockerRun, 'echo', 'first-output']),
    )
    return [
      {
        work: 'first output of the first step, image present',
        against: 'docker run --rm IMAGE true',
        unit: 'ms',
        ...first,
        limit: 1.6,
      },
      {
        work: 'one task, one step, whole command',
        against: 'docker run --rm of the same',
        unit: 'ms',
        ...whole,
        limit: 1.8,
      },
    ]
  })
}

function chain(): Promise<BenchRow> {
  const names = Array.from({ length: 10 }, (_, index) => `task ${index}`)
  const tasks = names.map((name, index) => task(name, [step('echo done')], index === 0 ? [] : [`task ${index - 1}`]))
  return withRepository(config(tasks), async (repository) => {
    const figures = await measure(
      () => repository.agola(start),
      async () => {
        let sum = 0
        for (const _ of names) sum += await repository.run('docker', [...dockerRun, 'echo', 'done'])
        return sum
      },
    )
    return {
      work: 'chain of 10 tasks of one step',
      against: '10 × docker run --rm in sequence',
      unit: 'ms',
      ...figures,
      limit: 0.8,
    }
  })
}

const parallelism = 4

function independent(): Promise<BenchRow> {
  const names = Array.from({ length: 20 }, (_, index) => `task ${index}`)
  return withRepository(config(names.map((name) => task(name, [step('echo done')]))), async (repository) => {
    const figures = await measure(
      () => repository.agola([...start, '--max-tasks', String(parallelism)]),
      async () => {
        const begin = performance.now()
        const left = [...names]
        const worker = async () => {
          while (left.pop() !== undefined) await repository.run('docker', [...dockerRun, 'echo', 'done'])
        }
        await Promise.all(Array.from({ length: parallelism }, worker))
        return performance.now() - begin
      },
    )
    return {
      work: `20 independent tasks, ${parallelism} at a time`,
      against: '20 × docker run --rm, as many at a time',
      unit: 'ms',
      ...figures,
      limit: 1,
    }
  })
}

function steps(): Promise<BenchRow> {
  const list = Array.from({ length: 20 }, (_, index) => step(`echo ${index}`))
  return withRepository(config([task('one', list)]), async (repository) => {
    const figures = await measure(
      () => repository.agola(start),
      async () => {
        const begin = performance.now()
        const name = `agola-bench-${process.pid}`
        await repository.run('docker', ['run', '-d', '--rm', '--name', name, benchImage, 'sleep', '1000'])
        for (const index of list.keys()) await repository.run('docker', ['exec', name, 'sh', '-c', `echo ${index}`])
        const total = performance.now() - begin
        await repository.run('docker', ['rm', '-f', name])
        return total
      },
    )
    return {
      work: '20 steps in one task, whole command',
      against: 'docker run + 20 × docker exec',
      unit: 'ms',
      ...figures,
      limit: 1.2,
    }
  })
}

if (process.argv[1] === import.meta.filename) {
  for (const row of await rows()) process.stdout.write(`${formatRow(row)}\n`)
}
