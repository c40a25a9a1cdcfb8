import { execFileSync, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Snapshot } from '../src/engine/snapshot/snapshot.ts'
import { takeSnapshot } from '../src/engine/snapshot/take-snapshot.ts'
import { type BenchRow, inTurns, median } from './row.ts'

const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 7)
const manyFiles = 10_000
const fileBytes = 20_000

/** Times a snapshot of a changed tree beside what git itself needs to save and pack it (design: decisions, section 4). */
export async function rows(): Promise<BenchRow[]> {
  return [await large(), await small()]
}

/** The second and later snapshots, each after a change, the checkout read to its end. */
async function large(): Promise<BenchRow> {
  const tree = new BenchTree(manyFiles)
  try {
    await tree.snapshotAndCheckout()
    let round = 0
    tree.change(round++)
    const { oursMs, theirsMs } = await inTurns(
      rounds,
      () => {
        tree.change(round++)
        return tree.snapshotAndCheckout()
      },
      () => tree.stashAndArchive(),
    )
    const work = 'second snapshot and checkout of 10,000 files, 200 MB'
    return { work, against: 'git stash create + git archive', unit: 'ms', ours: oursMs, theirs: theirsMs, limit: 1 }
  } finally {
    tree.remove()
  }
}

/** Until the config of a small repository can be read. */
async function small(): Promise<BenchRow> {
  const tree = new BenchTree(20)
  try {
    const times: number[] = []
    for (let round = -1; round < rounds; round += 1) {
      tree.change(round + 1)
      const time = await timed(async () => {
        const snapshot = await tree.take()
        await snapshot.readFile('d1/f1')
        await snapshot.close()
      })
      if (round >= 0) times.push(time)
    }
    return {
      work: 'small snapshot until its config is read',
      against: '',
      unit: 'ms',
      ours: median(times),
      theirs: null,
      limit: 60,
    }
  } finally {
    tree.remove()
  }
}

class BenchTree {
  readonly #root = mkdtempSync(join(tmpdir(), 'agola-bench-snapshot-'))
  readonly #directory = join(this.#root, 'repository')

  /** Half of the files are text, half cannot be compressed. */
  constructor(files: number) {
    const text = 'steps tasks runs caches workspaces logs '.repeat(fileBytes / 40)
    for (let index = 0; index < files; index += 1) {
      const directory = join(this.#directory, `d${index % 100}`)
      mkdirSync(directory, { recursive: true })
      const content = index % 2 === 0 ? randomBytes(fileBytes) : `${index}\n${text}`
      writeFileSync(join(directory, `f${index}`), content)
    }
    this.#git('init', '--quiet')
    // Packed as a cloned repository is, and not by a process in the background that works against both sides.
    for (const setting of ['gc.auto', 'maintenance.auto'])
      this.#git('config', setting, setting === 'gc.auto' ? '0' : 'false')
    this.#git('add', '.')
    this.#git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '-m', 'bench')
    this.#git('repack', '-a', '-d', '-q', '--window=0')
  }

  change(round: number): void {
    appendFileSync(join(this.#directory, 'd1', 'f1'), `round ${round}\n`)
  }

  take(): Promise<Snapshot> {
    return takeSnapshot({
      directory: this.#directory,
      untracked: true,
      ignored: false,
      ref: {},
      stateDirectory: join(this.#root, 'state'),
      environment: process.env,
      now: Date.now(),
      random: { uuid: randomUUID, fraction: Math.random },
    })
  }

  async snapshotAndCheckout(): Promise<void> {
    const snapshot = await this.take()
    const source = await snapshot.openSource({ depth: 0, recurseSubmodules: false })
    for await (const _ of source.stream()) {
      // Reading is the work.
    }
    await snapshot.close()
  }

  async stashAndArchive(): Promise<void> {
    const commit = this.#git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'stash', 'create').trim()
    const archive = spawn('git', ['archive', commit], { cwd: this.#directory, stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const _ of archive.stdout) {
      // As above.
    }
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true })
  }

  #git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.#directory, encoding: 'utf8', maxBuffer: 1e9 })
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
