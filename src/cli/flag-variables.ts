import { AgolaError } from '../engine/model/errors.ts'
import { parseDurationOf } from './parse-duration-flag.ts'
import { valueProblem } from './parser-message.ts'

/** Name of the variable that sets a flag of direct runs. */
export const env = (flag: string) => `AGOLA_DIRECTRUN_${flag.toUpperCase().replaceAll('-', '_')}`

/** What is looked at here of a flag of the command line library. */
export interface FlagDefinition {
  type: 'boolean' | 'option'
  /** Variables that set it, the first one that is set; the library shows them. */
  env?: string
  multiple?: boolean
  options?: readonly string[]
  dependsOn?: string[]
  exclusive?: string[]
  parse?: (text: never, context: never, definition: never) => Promise<unknown>
}

type FlagDefinitions = Record<string, FlagDefinition>

/** A value that was not given on the command line. */
export interface FoundValue {
  value: string | boolean | readonly string[]
  /** The place that has it, for messages. */
  from: string
}

/** Where values are looked for that the command line does not have. Throws `flagInvalid`. */
export type FlagSource = (name: string, definition: FlagDefinition) => FoundValue | null

const separator = ', '

/** Gives each flag a variable of its name, beside the one that it has in all commands. */
export function withVariables<F>(flags: F): F {
  const entries = Object.entries(flags as FlagDefinitions).map(([name, flag]) => {
    const names = flag.env === undefined ? [env(name)] : [env(name), flag.env]
    return [name, { ...flag, env: names.join(separator) }]
  })
  return Object.fromEntries(entries)
}

/** A command for the parser of the library, which takes every text for a boolean and a list for one text, knows nothing of other sources
 *  and would name a flag where a variable is wrong: it looks at the command line only. */
export function ofCommandLine<C extends { flags: unknown }>(command: C): C {
  const entries = Object.entries(command.flags as FlagDefinitions).map(([name, flag]) => {
    const { env: _, dependsOn: __, ...rest } = flag
    return [name, rest]
  })
  return { ...command, flags: Object.fromEntries(entries) }
}

export interface ParsedFlags<F> {
  flags: F
  metadata: { flags: Record<string, { setFromDefault?: boolean } | undefined> }
}

/** Adds to flags of the command line what the sources have, the first one first. A value is left out where a flag that excludes it was given
 *  in a better place, or the flag is not given that it is for. `flagInvalid`, `flagConflict`. */
export async function completeFlags<F extends object>(
  definitions: unknown,
  { flags, metadata }: ParsedFlags<F>,
  sources: readonly FlagSource[],
): Promise<F> {
  const known = Object.entries(definitions as FlagDefinitions)
  const complete = Object.fromEntries<unknown>(Object.entries(flags))
  const given = new Set(Object.keys(complete).filter((name) => metadata.flags[name]?.setFromDefault !== true))
  const typed = new Set(given)
  for (const source of sources) {
    const found = known.flatMap(([name, definition]) => {
      if (given.has(name) || definition.exclusive?.some((other) => given.has(other))) return []
      const value = source(name, definition)
      return value === null ? [] : [{ name, definition, ...value }]
    })
    for (const { name, definition, value, from } of found) {
      const other = found.find((each) => definition.exclusive?.includes(each.name))
      if (other !== undefined) throw new AgolaError('flagConflict', `${from} and ${other.from} cannot be used together`)
      complete[name] = await checked(name, definition, { value, from })
      given.add(name)
    }
  }
  for (const [name, { dependsOn = [] }] of known) {
    if (complete[name] === false || !given.has(name) || dependsOn.every((other) => given.has(other))) continue
    if (typed.has(name))
      throw new AgolaError('flagInvalid', `--${name} needs ${dependsOn.map((other) => `--${other}`).join(', ')}`)
    delete complete[name]
  }
  return complete as F
}

/** The variables of flags. An empty one counts as none. */
export function environmentSource(environment: NodeJS.ProcessEnv): FlagSource {
  return (flag, definition) => {
    const from = definition.env?.split(separator).find((each) => environment[each])
    const text = from === undefined ? undefined : environment[from]
    if (from === undefined || text === undefined) return null
    if (definition.type === 'boolean') return { value: toBoolean(from, text), from }
    return { value: definition.multiple === true ? toList(flag, text) : text, from }
  }
}

const booleans: Record<string, boolean> = {
  ...{ '1': true, true: true, yes: true, on: true },
  ...{ '0': false, false: false, no: false, off: false },
}

function toBoolean(from: string, text: string): boolean {
  const value = booleans[text.trim().toLowerCase()]
  if (value !== undefined) return value
  throw new AgolaError(
    'flagInvalid',
    `${from} ${JSON.stringify(text)} is neither true nor false; write 1, true, yes or on, or 0, false, no or off`,
  )
}

/** Their values may have commas of their own. */
const listsOfLines = new Set(['var', 'secret', 'pull-request-ref-regexes'])

/** A line each; what holds one line only is separated by commas, but for values that may have some. */
function toList(flag: string, text: string): string[] {
  const isOfLines = listsOfLines.has(flag) || text.includes('\n')
  const items = isOfLines ? text.split(/\r?\n/) : text.split(',').map((item) => item.trim())
  return items.filter((item) => item.trim() !== '')
}

const durations = new Set(['timeout', 'grace', 'pause-expiry'])

/** What the flag on the command line would have given. */
async function checked(name: string, definition: FlagDefinition, { value, from }: FoundValue): Promise<unknown> {
  if (typeof value !== 'string') return value
  const { options, parse } = definition
  if (options !== undefined && !options.includes(value))
    throw new AgolaError('flagInvalid', `${from} ${JSON.stringify(value)} is unknown; write ${options.join(', ')}`)
  if (durations.has(name)) parseDurationOf(from, value)
  try {
    return parse === undefined ? value : await parse(value as never, {} as never, definition as never)
  } catch (error) {
    throw new AgolaError('flagInvalid', valueProblem(from, error), { cause: error })
  }
}
