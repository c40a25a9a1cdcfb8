import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DockerDriver } from '../src/engine/adapters/drivers/docker/driver.ts'
import { defaultToolsSettings } from '../src/engine/adapters/drivers/docker/tools-image.ts'
import { requireEngine } from '../src/engine/adapters/drivers/find-engine.ts'
import { createLog, systemClock, systemRandom } from '../src/engine/adapters/system.ts'
import { Executor } from '../src/engine/executor/executor.ts'
import { LogMask } from '../src/engine/executor/log-mask.ts'
import type { ExecutorStep, ExecutorTaskSpec } from '../src/engine/model/executor-task.ts'
import { anExecutorTask, runStep } from '../test/support/an-executor-task.ts'
import { FakeExecutorRunService } from '../test/support/fake-executor-run-service.ts'
import { benchImage, makeBenchImage } from './fixture.ts'
import { type BenchRow, middlePair, type Pair } from './row.ts'

const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 3)
const mebibyte = 1024 * 1024
const makeTree =
  'mkdir -p /w/t; cd /w/t; dd if=/dev/urandom of=/w/seed bs=107374 count=1 2>/dev/null; ' +
  'for d in $(seq 100); do mkdir $d; for f in $(seq 100); do cp /w/seed $d/$f; done; done'
const makeLog =
  'i=0; while [ $i -lt 8192 ]; do echo "2026-11-22T01:02:03 info compiling module $i of the project, src/a/b/c$i.ts"; i=$((i+1)); done >/w/part; ' +
  'size=$(stat -c %s /w/part); n=$((1073741824 / size)); for i in $(seq $n); do cat /w/part; done >/w/log'

/** What moves files: archives, logs and their mask, each beside the plain Docker commands that move the same. */
export async function rows(): Promise<BenchRow[]> {
  makeBenchImage()
  const bench = await ExecutorBench.start()
  try {
    return [maskRow(), await bench.steps(), await bench.log(), await bench.workspace()]
  } finally {
    await bench.end()
  }
}

function maskRow(): BenchRow {
  const line = (index: number) =>
    `2026-11-22T01:02:03 info compiling module ${index} of the project, src/a/b/c${index}.ts\n`
  const text = Buffer.from(Array.from({ length: 12_000 }, (_, index) => line(index)).join(''))
  const stream = new LogMask(Array.from({ length: 10 }, (_, index) => `token-${index}-${'x9y8z7'.repeat(3)}`)).stream()
  const work = (bytes: number) => {
    for (let done = 0; done < bytes; done += text.length)
      for (let start = 0; start < text.length; start += 65_536) stream.push(text.subarray(start, start + 65_536))
  }
  work(200e6)
  const start = performance.now()
  work(2e9)
  const ours = 2e9 / 1e6 / ((performance.now() - start) / 1000)
  return {
    work: 'mask a log that holds none of 10 secrets',
    against: '',
    unit: 'MB/s',
    ours,
    theirs: null,
    limit: 1000,
  }
}

class ExecutorBench {
  readonly #dir = mkdtempSync(join(tmpdir(), 'agola-bench-executor-'))
  readonly #runService = new FakeExecutorRunService()
  readonly #driver: DockerDriver
  readonly #executor: Executor
  #count = 0

  private constructor(driver: DockerDriver) {
    this.#driver = driver
    this.#executor = new Executor({
      ...{ id: 'executor-1', group: 'bench', driver, runService: this.#runService, dataDir: this.#dir },
      sources: { openSource: () => Promise.reject(new Error('no source')) },
      ...{ clock: systemClock, random: systemRandom, log: createLog('warn', (line) => process.stderr.write(line)) },
      ...{ activeTasksLimit: 0, allowPrivileged: false, pull: 'never', stopGraceMs: 1000 },
    })
  }

  static async start(): Promise<ExecutorBench> {
    const { env, platform } = process
    const found = await requireEngine({
      environment: env,
      homeDir: homedir(),
      userId: process.getuid?.() ?? null,
      platform,
    })
    const driver = new DockerDriver({
      engine: found.engine,
      ...{ clock: systemClock, random: systemRandom, log: createLog('warn', (line) => process.stderr.write(line)) },
      owner: { executorsGroupId: randomUUID(), mode: 'local' },
      ...{ privilegedContainers: false, tools: defaultToolsSettings, clientConfig: null },
    })
    return new ExecutorBench(driver)
  }

  async steps(): Promise<BenchRow> {
    const pairs: Pair[] = []
    await this.#withContainer(async (container) => {
      for (let round = 0; round < rounds; round++) {
        const { stepsMs } = await this.#run(Array.from({ length: 20 }, () => runStep('true')))
        const oursMs = stepsMs.reduce((sum, ms) => sum + ms, 0)
        const theirsMs = timed(() => {
          for (let step = 0; step < 20; step++) docker('exec', container, 'sh', '-c', 'true')
        })
        pairs.push({ oursMs, theirsMs })
      }
    })
    return row('20 steps in one task', '20 × docker exec', 'ms', pairs, 1.2)
  }

  async log(): Promise<BenchRow> {
    const pairs: Pair[] = []
    const secretValues = Array.from({ length: 5 }, (_, index) => `token-${index}-${randomUUID()}`)
    await this.#withContainer(async (container) => {
      docker('exec', container, 'sh', '-c', `mkdir /w; ${makeLog}`)
      for (let round = 0; round < rounds; round++) {
        const make = runStep(`mkdir /w; ${makeLog}`)
        const { stepsMs } = await this.#run([make, runStep('cat /w/log')], { secretValues })
        const oursMs = stepsMs[1] ?? 0
        const theirsMs = timed(() => shell(`docker exec ${container} cat /w/log >${join(this.#dir, 'log')}`))
        rmSync(join(this.#dir, 'log'))
        pairs.push({ oursMs, theirsMs })
        process.stderr.write(`    log: ${oursMs} ms, ${theirsMs} ms; resident ${megabytes()} MB\n`)
      }
    })
    return row('log of 1 GiB, masked and stored', 'docker exec cat to a file', 's', pairs, 1.5)
  }

  async workspace(): Promise<BenchRow> {
    const pairs: Pair[] = []
    await this.#withContainer(async (container) => {
      docker('exec', container, 'sh', '-c', makeTree)
      for (let round = 0; round < rounds; round++) {
        const contents = [{ sourceDir: '/w/t', destDir: '', paths: ['**'] }]
        const save: ExecutorStep = { type: 'save_to_workspace', name: '', contents }
        const saved = await this.#run([runStep(makeTree), save])
        const { file } = await this.#executor.openArchive(saved.id, 1)
        this.#runService.archives.set('parent/1', { file: file ?? '' })
        const restore: ExecutorStep = { type: 'restore_workspace', name: '', destDir: '/w' }
        const restored = await this.#run([restore], {
          workspaceOperations: [{ taskId: 'parent', taskName: 'parent', step: 1 }],
        })
        const oursMs = (saved.stepsMs[1] ?? 0) + (restored.stepsMs[0] ?? 0)
        const theirsMs = timed(() =>
          shell(
            `docker exec ${container} mkdir -p /w/copy && docker exec ${container} tar -c -f - -C /w/t . | docker exec -i ${container} tar -x -f - -C /w/copy`,
          ),
        )
        pairs.push({ oursMs, theirsMs })
        docker('exec', container, 'rm', '-rf', '/w/copy')
        rmSync(file ?? '')
        process.stderr.write(
          `    save ${saved.stepsMs[1]} ms, restore ${restored.stepsMs[0]} ms, pipe ${theirsMs} ms; resident ${megabytes()} MB\n`,
        )
      }
    })
    const against = 'docker exec tar -c | docker exec -i tar -x'
    return row('workspace of 1 GiB in 10,000 files, save + restore', against, 's', pairs, 1.3)
  }

  async end(): Promise<void> {
    await this.#executor.close()
    await this.#driver.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  async #run(steps: ExecutorStep[], spec: Partial<ExecutorTaskSpec> = {}): Promise<{ id: string; stepsMs: number[] }> {
    const id = `task-${this.#count++}`
    const container = { image: benchImage, environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }
    await this.#executor.submit(anExecutorTask({ id, spec: { containers: [container], steps, ...spec } }))
    const status = await this.#runService.finished(id)
    if (status.phase !== 'success') throw new Error(`task ${id} ended as ${status.phase}: ${status.failError}`)
    return { id, stepsMs: status.steps.map((step) => (step.endTime ?? 0) - (step.startTime ?? 0)) }
  }

  async #withContainer(work: (container: string) => Promise<void>): Promise<void> {
    const container = docker('run', '-d', '--init', benchImage, 'sleep', '100000').trim()
    try {
      await work(container)
    } finally {
      docker('rm', '-f', container)
    }
  }
}

function row(work: string, against: string, unit: 'ms' | 's', pairs: readonly Pair[], limit: number): BenchRow {
  const { oursMs, theirsMs } = middlePair(pairs)
  const perUnit = unit === 's' ? 1000 : 1
  return { work, against, unit, ours: oursMs / perUnit, theirs: theirsMs / perUnit, limit }
}

function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function shell(command: string): void {
  execFileSync('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function megabytes(): number {
  return Math.round(process.memoryUsage().rss / mebibyte)
}
