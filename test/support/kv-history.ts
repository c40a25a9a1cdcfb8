import { isDeepStrictEqual } from 'node:util'
import { hasCode } from '../../src/engine/model/errors.ts'
import type { Entry, KeyValueStore, Op } from '../../src/engine/ports/key-value-store.ts'
import { isLinearizable, type Operation, type SequentialModel } from './linearizability.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What clients do in a history: read a key, write it if it is as expected, write all keys if one of them is as expected. */
export type KvInput =
  | { type: 'get'; key: string }
  | { type: 'set'; keys: string[]; compareKey: string; expected: string | null; value: string }

/** The values found; `null` for an absent key. For a successful write nothing is found. */
export interface KvOutput {
  succeeded: boolean
  found: (string | null)[]
}

export type KvOperation = Operation<KvInput, KvOutput> & {
  revision: bigint | undefined
  /** The store has said that it did nothing, so nobody may ever see an effect. */
  refused?: true
}

type State = Record<string, string | null>

export const kvModel: SequentialModel<State, KvInput, KvOutput> = {
  initial: {},
  apply(state, input) {
    if (input.type === 'get') return { state, output: { succeeded: true, found: [state[input.key] ?? null] } }
    const found = input.keys.map((key) => state[key] ?? null)
    if ((state[input.compareKey] ?? null) !== input.expected) return { state, output: { succeeded: false, found } }
    const written = Object.fromEntries(input.keys.map((key) => [key, input.value]))
    return { state: { ...state, ...written }, output: { succeeded: true, found: [] } }
  },
  fingerprint: (state) => JSON.stringify(Object.entries(state).sort()),
  isSame: isDeepStrictEqual,
}

/** Says what is wrong with a history, or `null`. */
export function complaintAbout(told: readonly KvOperation[]): string | null {
  const history = told.filter(({ refused }) => refused !== true)
  if (!isLinearizable(kvModel, history))
    return `The history is not linearizable:\n${history.map((one) => JSON.stringify(one, bigints)).join('\n')}`
  for (const early of history) {
    for (const late of history) {
      if (early.end >= late.start || early.revision === undefined || late.revision === undefined) continue
      if (late.revision < early.revision) return `Revision ${late.revision} was answered after ${early.revision}.`
    }
  }
  return null
}

export interface HistoryClient {
  store: KeyValueStore
  random: SeededRandom
  /** Makes its values unlike all others. */
  name: string
}

/** One client at work. `record` gets each operation as it starts and is told its end in the same object. */
export async function workOn(
  { store, random, name }: HistoryClient,
  { keys, count, now }: { keys: string[]; count: number; now: () => number },
  record: (operation: KvOperation, phase: 'start' | 'end') => void,
): Promise<void> {
  const seen = new Map<string, string | null>()
  for (let index = 0; index < count; index++) {
    const operation: KvOperation = {
      input: choose(random, keys, seen, `${name}.${index}`),
      start: now(),
      end: Number.POSITIVE_INFINITY,
      output: undefined,
      revision: undefined,
    }
    record(operation, 'start')
    try {
      const { output, revision } = await perform(store, operation.input)
      Object.assign(operation, { output, revision, end: now() })
      note(seen, operation.input, output)
      record(operation, 'end')
    } catch (error) {
      if (hasCode(error, 'storeUnreachable')) operation.refused = true
      // An unknown outcome leaves the operation without an end: it may take effect at any time.
      else if (!hasCode(error, 'outcomeUnknown')) throw error
    }
  }
}

function choose(
  random: SeededRandom,
  keys: string[],
  seen: ReadonlyMap<string, string | null>,
  value: string,
): KvInput {
  const key = keys[random.below(keys.length)] ?? ''
  if (random.fraction() < 0.3) return { type: 'get', key }
  const written = random.fraction() < 0.3 ? keys : [key]
  return { type: 'set', keys: written, compareKey: key, expected: seen.get(key) ?? null, value }
}

async function perform(store: KeyValueStore, input: KvInput): Promise<{ output: KvOutput; revision: bigint }> {
  if (input.type === 'get') {
    const { entry, revision } = await store.get(input.key)
    return { output: { succeeded: true, found: [textOf(entry)] }, revision }
  }
  const { compareKey: key, expected } = input
  const value = (text: string) => new TextEncoder().encode(text)
  const { succeeded, gets, revision } = await store.txn({
    compare: [
      expected === null
        ? { key, target: 'version', operator: '=', value: 0 }
        : { key, target: 'value', operator: '=', value: value(expected) },
    ],
    then: input.keys.map((own): Op => ({ type: 'put', key: own, value: value(input.value) })),
    else: input.keys.map((own): Op => ({ type: 'get', key: own })),
  })
  return { output: { succeeded, found: gets.map(textOf) }, revision }
}

function note(seen: Map<string, string | null>, input: KvInput, output: KvOutput): void {
  if (input.type === 'get') seen.set(input.key, output.found[0] ?? null)
  else
    for (const [index, key] of input.keys.entries())
      seen.set(key, output.succeeded ? input.value : (output.found[index] ?? null))
}

function textOf(entry: Entry | null): string | null {
  return entry ? new TextDecoder().decode(entry.value) : null
}

export function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
