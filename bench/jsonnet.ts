import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'rolldown'
import { type BenchRow, inTurns } from './row.ts'

const root = join(import.meta.dirname, '..')
const matrix = join(import.meta.dirname, 'matrix.jsonnet')
const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 3)
const argument = ['--tla-code', 'ctx={ branch: "main", tag: "" }', matrix]

/** Whole processes from start to the last byte of JSON: our evaluator, bundled as it is shipped and in its thread,
 *  and the C++ command line. Their output must be the same data. */
export async function rows(): Promise<BenchRow[]> {
  if (spawnSync('jsonnet', ['--version']).error !== undefined) throw new Error('there is no jsonnet command')
  const folder = mkdtempSync(join(tmpdir(), 'jsonnet-bench-'))
  try {
    await bundle(folder)
    const outputs = { ours: '', theirs: '' }
    const { oursMs, theirsMs } = await inTurns(
      rounds,
      () => {
        outputs.ours = run(process.execPath, [join(folder, 'jsonnet.js'), ...argument])
      },
      () => {
        outputs.theirs = run('jsonnet', argument)
      },
    )
    checkSame(outputs)
    const work = 'config of 1,000 tasks in jsonnet, whole process'
    return [{ work, against: 'C++ jsonnet', unit: 'ms', ours: oursMs, theirs: theirsMs, limit: 0.2 }]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function bundle(folder: string): Promise<void> {
  await build({
    cwd: root,
    input: { jsonnet: 'scripts/jsonnet.ts', 'jsonnet-worker': 'src/jsonnet/worker.ts' },
    platform: 'node',
    output: { dir: folder, format: 'esm', entryFileNames: '[name].js', minify: true },
  })
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, cwd: root })
}

function checkSame({ ours, theirs }: { ours: string; theirs: string }): void {
  if (JSON.stringify(JSON.parse(ours)) !== JSON.stringify(JSON.parse(theirs))) throw new Error('the outputs differ')
}
