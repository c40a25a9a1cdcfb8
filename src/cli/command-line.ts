import { Config, run as runOclif } from '@oclif/core'
import { reportError } from './report-error.ts'

/** Parses and runs one command line. Never throws: what went wrong is told on stderr, the exit code says what kind it was. */
export async function runCommandLine(argv: string[], root: string): Promise<void> {
  try {
    const config = await Config.load({ root })
    await runOclif(normalizeBooleans(argv), config)
  } catch (error) {
    process.exitCode = reportError(error, { stderr: process.stderr, json: wantsJson(argv) })
  }
}

/** The reference's boolean flags are given as `--flag=false`; here `--no-flag` says the same. */
export function normalizeBooleans(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, index) => {
    if (end !== -1 && index > end) return word
    const match = /^--([a-z][a-z-]*)=(true|false)$/.exec(word)
    if (match === null || textFlags.has(match[1] ?? '')) return word
    return match[2] === 'true' ? `--${match[1]}` : `--no-${match[1]}`
  })
}

/** Flags that take a text, for which `true` and `false` are texts like others. */
const textFlags = new Set(['branch', 'tag', 'ref', 'run', 'task', 'only', 'approve', 'var', 'secret', 'message'])

function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      word === '--json' || word === '--output=json' || (word === '--output' && argv[index + 1] === 'json'),
  )
}
