import { env } from './flag-variables.ts'

const jsonOutputs = new Set(['json', 'ndjson'])

/** Whether errors are to be objects, for a command line that may not even parse: `--json`, an output for programs, or a variable that
 *  asks for one. */
export function wantsJsonErrors(argv: readonly string[], environment: NodeJS.ProcessEnv): boolean {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  if (words.includes('--json')) return true
  const variable = isExecution(words) ? environment[env('output')] || environment.AGOLA_OUTPUT : undefined
  return jsonOutputs.has(outputFlag(words) ?? variable ?? '')
}

/** Commands whose output the variables choose. */
function isExecution([topic = '', command = '']: readonly string[]): boolean {
  return topic === 'directrun' && ['start', 'restart'].includes(command)
}

/** The last one counts. */
function outputFlag(words: readonly string[]): string | undefined {
  const given = words.flatMap((word, index) => {
    if (word === '--output') return [words[index + 1] ?? '']
    return word.startsWith('--output=') ? [word.slice('--output='.length)] : []
  })
  return given.at(-1)
}
