import { AgolaError, hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Action } from './action.ts'
import { type ChangeGroupToken, changeGroupUpdated } from './change-groups.ts'
import type { DataManagerContext } from './context.ts'
import type { OwnedEntry } from './data-type.ts'
import { indexEntriesOf } from './index-entries.ts'
import type { WriteOptions } from './writer.ts'

const attemptsMax = 20
const pauseMsMax = 20

/** What a decision may read. There is no other way to the data within it, so that nothing can be read before it is guarded. */
export interface DecisionReader {
  /** null when there is no such entry. Everything that is changed has to be read first. */
  find(dataType: string, id: string): Promise<Uint8Array | null>
  /** Entries of an index under one name: those with the keys `<name>/<rest without a slash>`. */
  named(index: string, name: string): Promise<OwnedEntry[]>
}

/** What a decision needs of the data manager. */
interface Data {
  changeGroupToken(names: readonly string[], options: CallOptions): Promise<ChangeGroupToken>
  find(dataType: string, id: string, options: CallOptions): Promise<Uint8Array | null>
  listIndex(name: string, options: CallOptions & { prefix: string }): Promise<OwnedEntry[]>
  write(actions: readonly Action[], options: WriteOptions): Promise<unknown>
}

/** Reads, decides and writes as if nobody else did meanwhile. Change groups follow from the ids that are read and written and from the names
 *  in their indexes, here and nowhere else, and each is taken before the read that it guards. So two entries cannot get one name, and
 *  nothing can be put below an entry that is being deleted (spec/storage.md 8, D13 and D16). `decide` may run several times and must have
 *  no effect but what it gives. `concurrentUpdate` after many attempts. */
export async function decideAndWrite<T>(
  context: DataManagerContext,
  data: Data,
  decide: (reader: DecisionReader) => Promise<{ actions: readonly Action[]; result: T }>,
  options: CallOptions,
): Promise<T> {
  const { clock, random } = context
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const decision = new Decision(context, data, options)
    try {
      const { actions, result } = await decide(decision)
      if (actions.length > 0) await data.write(actions, { ...options, changeGroups: await decision.groupsOf(actions) })
      return result
    } catch (error) {
      if (!hasCode(error, 'changeGroupUpdated')) throw error
    }
    await clock.sleep(random.fraction() * pauseMsMax, options.signal)
  }
  throw new AgolaError('concurrentUpdate', `others changed the same data ${attemptsMax} times in a row: try again`)
}

class Decision implements DecisionReader {
  readonly #context: DataManagerContext
  readonly #data: Data
  readonly #options: CallOptions
  readonly #read = new Map<string, Uint8Array | null>()
  #token: ChangeGroupToken | null = null

  constructor(context: DataManagerContext, data: Data, options: CallOptions) {
    this.#context = context
    this.#data = data
    this.#options = options
  }

  async find(dataType: string, id: string): Promise<Uint8Array | null> {
    await this.#guard([entryGroup(dataType, id)])
    const found = await this.#data.find(dataType, id, this.#options)
    this.#read.set(entryGroup(dataType, id), found)
    return found
  }

  async named(index: string, name: string): Promise<OwnedEntry[]> {
    await this.#guard([nameGroup(index, name)])
    const prefix = `${name}/`
    const entries = await this.#data.listIndex(index, { ...this.#options, prefix })
    return entries.filter(({ id }) => id.lastIndexOf('/') === prefix.length - 1)
  }

  /** Of all that was read and all that the actions touch: entries, and their names before and after. */
  async groupsOf(actions: readonly Action[]): Promise<ChangeGroupToken> {
    return await this.#guard(actions.flatMap((action) => this.#touched(action)))
  }

  #touched(action: Action): string[] {
    const { dataType, id } = action
    const own = entryGroup(dataType, id)
    const before = this.#read.get(own)
    if (before === undefined)
      throw new AgolaError('assertionFailed', `the decision changes the ${dataType} "${id}", which it has not read`)
    const { dataTypes, log } = this.#context
    const indexes = dataTypes.find(({ name }) => name === dataType)?.indexes ?? []
    const contents = [before, action.type === 'put' ? action.data : null].filter((content) => content !== null)
    const names = indexes.flatMap((index) =>
      contents
        .flatMap((content) => indexEntriesOf(index, id, content, log))
        .map(({ key }) => nameGroup(index.name, key.slice(0, key.lastIndexOf('/')))),
    )
    return [own, ...names]
  }

  /** What was taken first counts: reads since then rely on it. */
  async #guard(names: readonly string[]): Promise<ChangeGroupToken> {
    const taken = await this.#data.changeGroupToken(names, this.#options)
    const held = this.#token ?? { generation: taken.generation, groups: {} }
    if (held.generation !== taken.generation) throw changeGroupUpdated()
    this.#token = { generation: held.generation, groups: { ...taken.groups, ...held.groups } }
    return this.#token
  }
}

function entryGroup(dataType: string, id: string): string {
  return `entry/${dataType}/${id}`
}

function nameGroup(index: string, name: string): string {
  return `name/${index}/${name}`
}
