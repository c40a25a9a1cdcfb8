import { readdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { type BenchRow, formatRow, isKept, ratioOf } from './row.ts'

/** Runs every benchmark file of this folder (or those named on the command line), prints each row as it comes, and writes all as JSON. */
const notBenchmarks = new Set(['main.ts', 'row.ts', 'fixture.ts'])
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const jsonFile = process.argv.find((word) => word.startsWith('--json='))?.slice('--json='.length)

const names = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.ts') && !notBenchmarks.has(name))
  .map((name) => name.replace(/\.ts$/, ''))
  .filter((name) => wanted.length === 0 || wanted.includes(name))

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${release()}, Node ${process.versions.node}\n`,
)
const all: (BenchRow & { file: string; ratio: number | null; kept: boolean | null })[] = []
for (const name of names) {
  process.stdout.write(`\n${name}\n`)
  try {
    const { rows } = (await import(`./${name}.ts`)) as { rows: () => Promise<BenchRow[]> }
    for (const row of await rows()) {
      process.stdout.write(`  ${formatRow(row)}\n`)
      all.push({ file: name, ...row, ratio: ratioOf(row), kept: isKept(row) })
    }
  } catch (error) {
    process.stdout.write(`  not measured: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(all, null, 2)}\n`)
