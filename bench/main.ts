import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import type { Measured } from './measure.ts'
import { type BenchRow, formatRow, isKept, ratioOf } from './row.ts'

/** Runs every benchmark file of this folder (or those named on the command line), prints the rows of each, and writes all as JSON. */
const notBenchmarks = new Set(['main.ts', 'measure.ts', 'row.ts', 'fixture.ts'])
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
  const measured = await measure(name)
  if ('error' in measured) {
    process.stdout.write(`  not measured: ${measured.error}\n`)
    process.exitCode = 1
    continue
  }
  for (const row of measured.rows) {
    process.stdout.write(`  ${formatRow(row)}\n`)
    all.push({ file: name, ...row, ratio: ratioOf(row), kept: isKept(row) })
  }
}
if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(all, null, 2)}\n`)

/** In a process of its own: what the benchmark before has left in memory slows the next one down, and each child that it starts. */
async function measure(name: string): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'measure.ts'), [name])
  const told: Measured[] = []
  child.on('message', (message: Measured) => told.push(message))
  await once(child, 'close')
  return told[0] ?? { error: 'its process ended early' }
}
