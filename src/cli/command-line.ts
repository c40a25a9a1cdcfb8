import { readFileSync } from 'node:fs'
import { join } from 'node:path'
// What it does to standard output when it loads has to be undone.
import '@oclif/core/command'
import type { Config } from '@oclif/core/config'
import { AgolaError } from '../engine/model/errors.ts'
import { nearestName } from '../engine/model/nearest-name.ts'
import type { CommandClass } from './agola-command.ts'
import { keptAlive } from './kept-alive.ts'
import { outputFailed, withStandardOutput } from './output.ts'
import { reportError } from './report-error.ts'
import { wantsJsonErrors } from './wants-json-errors.ts'

export interface Program {
  /** Of the package, where package.json and the manifest lie. */
  root: string
  /** What loads each command, by its id. */
  commands: Readonly<Record<string, () => Promise<{ default: CommandClass }>>>
}

/** Parses and runs one command line. Never throws: what went wrong is told on stderr, the exit code says what kind it was.
 *  A command that only waits, as most do at their end, must not end with the code of success for want of anything else to do. */
export async function runCommandLine(argv: string[], program: Program): Promise<void> {
  // Where nobody can be told, the exit code still tells.
  process.stderr.on('error', () => undefined)
  try {
    await withStandardOutput(() => keptAlive(() => run(argv, program)))
  } catch (error) {
    process.exitCode = reportError(error, { stderr: process.stderr, json: wantsJsonErrors(argv, process.env) })
  }
}

/** Tells why a page could not be written that needed no command. */
export function reportUnwritten(error: Error): void {
  process.stderr.on('error', () => undefined)
  process.exitCode = reportError(outputFailed('standard output', error), { stderr: process.stderr, json: false })
}

async function run(words: string[], { root, commands }: Program): Promise<void> {
  const id = commandNamedBy(words, commands)
  const load = commands[id ?? '']
  if (id === null || load === undefined) await search(words, { root, commands })
  else await runCommand(id, (await load()).default, words.slice(id.split(':').length), root)
}

/** Shows help, or says what the words may mean. */
async function search(words: string[], { root, commands }: Program): Promise<void> {
  const [{ Config }, { run: runOclif }] = await Promise.all([import('@oclif/core/config'), import('@oclif/core/run')])
  // A user whom this machine does not know has no shell either, for which the library would ask.
  process.env.SHELL ??= ''
  const config = await Config.load({ root })
  const flag = words.findIndex((word) => word.startsWith('-'))
  const named = flag === -1 ? words : words.slice(0, flag)
  const isKnown = config.findCommand(named.join(':')) !== undefined || config.findTopic(named.join(':')) !== undefined
  if (named.length > 0 && !isKnown) throw unknownCommand(named, Object.keys(commands))
  if (named.length === 0 && flag === 0 && !pages.has(words[0] ?? ''))
    throw new AgolaError(
      'flagInvalid',
      `${words[0]} stands before a command; flags come after it, as agola --help shows`,
    )
  await runOclif(words, config)
}

/** What may be asked of the program as a whole. */
const helpFlags = new Set(['--help', '-h'])
const pages = new Set([...helpFlags, '--version'])

function unknownCommand(words: readonly string[], ids: readonly string[]): AgolaError {
  const named = words.slice(0, 2).join(' ')
  const nearest = nearestName(
    named,
    ids.map((id) => id.replaceAll(':', ' ')),
  )
  const hint = nearest === null ? 'agola --help lists them' : `did you mean ${nearest}?`
  return new AgolaError('commandUnknown', `there is no command ${named}; ${hint}`)
}

async function runCommand(id: string, command: CommandClass, words: string[], root: string): Promise<void> {
  command.id = id
  await command.start(normalizeBooleans(words, command.flags), knownConfig(root))
}

/** The id of a command that is written out and not asked for its help: then nothing else of the program has to be looked at. */
export function commandNamedBy(words: readonly string[], commands: Program['commands']): string | null {
  const end = words.indexOf('--')
  if ((end === -1 ? words : words.slice(0, end)).some((word) => helpFlags.has(word))) return null
  const named = [2, 1].map((count) => words.slice(0, count).join(':'))
  return named.find((id) => Object.hasOwn(commands, id)) ?? null
}

/** What commands ask of the program's configuration, without the search for commands, themes and plugins. */
function knownConfig(root: string): Config {
  const pjson: Config['pjson'] = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { name, version } = pjson
  const userAgent = `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`
  const { bin = name, dirname = name } = pjson.oclif
  // Without plugins there are no hooks.
  const runHook = async () => ({ failures: [], successes: [] })
  const scopedEnvVarKeys = () => []
  const known = { root, pjson, name, version, bin, dirname, userAgent, runHook, scopedEnvVarKeys }
  return known as Partial<Config> as Config
}

/** The reference's boolean flags are given as `--flag=false`; here `--no-flag` says the same, and nothing where a flag has no other
 *  default. */
export function normalizeBooleans(words: readonly string[], flags: CommandClass['flags'] | undefined): string[] {
  const end = words.indexOf('--')
  return words.flatMap((word, index) => {
    const match = end !== -1 && index > end ? null : /^--([a-z][a-z-]*)=(true|false)$/.exec(word)
    const [, name = '', value] = match ?? []
    const flag = flags?.[name]
    if (flag?.type !== 'boolean') return [word]
    if (value === 'true') return [`--${name}`]
    return flag.allowNo === true ? [`--no-${name}`] : []
  })
}
