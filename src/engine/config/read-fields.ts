import { nearestName } from '../model/nearest-name.ts'
import type { Cursor } from './cursor.ts'
import type { ProblemList } from './problem-list.ts'
import { isObject, type JsonObject, wrongType } from './read-document.ts'

/** The keys that one kind of object may have. */
export interface Shape {
  /** `a task`, for messages. */
  name: string
  keys: ReadonlySet<string>
  /** What to do instead, for keys that people expect here. */
  hints: Readonly<Record<string, string>>
}

export function shape(name: string, keys: readonly string[], hints: Record<string, string> = {}): Shape {
  return { name, keys: new Set(keys), hints }
}

/** The fields of an object with known keys. */
export class Fields {
  readonly cursor: Cursor
  readonly #value: JsonObject
  readonly #spelling: Map<string, string> | null

  constructor(cursor: Cursor, value: JsonObject, spelling: Map<string, string> | null) {
    this.cursor = cursor
    this.#value = value
    this.#spelling = spelling
  }

  /** null when the key is missing; the cursor's value may still be null. */
  get(key: string): Cursor | null {
    const spelled = this.#spelling?.get(key) ?? key
    return Object.hasOwn(this.#value, spelled) ? this.cursor.child(spelled, this.#value[spelled]) : null
  }
}

/** Reads an object and reports the keys that it should not have. null, with a problem, when it is no object. */
export function readFields(
  cursor: Cursor,
  known: Shape,
  context: { problems: ProblemList; strict: boolean },
): Fields | null {
  const { value } = cursor
  if (!isObject(value)) return wrongType(cursor, context.problems, 'an object', null)
  let spelling: Map<string, string> | null = null
  for (const key of Object.keys(value)) {
    if (known.keys.has(key)) continue
    const lower = key.toLowerCase()
    if (known.keys.has(lower)) {
      spelling ??= new Map()
      readOtherCase(cursor, value, key, lower, spelling, context.problems)
    } else {
      reportUnknownKey(cursor.child(key, value[key]), key, known, context)
    }
  }
  return new Fields(cursor, value, spelling)
}

// The reference finds keys in any case, so that a config that works there works here.
function readOtherCase(
  cursor: Cursor,
  value: JsonObject,
  key: string,
  lower: string,
  spelling: Map<string, string>,
  problems: ProblemList,
): void {
  const at = cursor.child(key, value[key])
  if (Object.hasOwn(value, lower) || spelling.has(lower)) {
    problems.error(at, 'duplicate_key', `"${key}" stands beside "${spelling.get(lower) ?? lower}"`, {
      hint: `keep one "${lower}"`,
      atKey: true,
    })
    return
  }
  spelling.set(lower, key)
  problems.warning(at, 'key_case', `"${key}" is read as "${lower}"`, { hint: `write "${lower}"`, atKey: true })
}

function reportUnknownKey(
  at: Cursor,
  key: string,
  known: Shape,
  context: { problems: ProblemList; strict: boolean },
): void {
  const report = context.strict ? 'error' : 'warning'
  const guess = nearestName(key, known.keys)
  const hint =
    (Object.hasOwn(known.hints, key) ? known.hints[key] : undefined) ??
    (guess === null ? `${known.name} may have: ${[...known.keys].join(', ')}` : `did you mean "${guess}"?`)
  context.problems[report](
    at,
    'unknown_key',
    `${known.name} has no "${key}"${context.strict ? '' : '; it is ignored'}`,
    {
      hint,
      atKey: true,
    },
  )
}
