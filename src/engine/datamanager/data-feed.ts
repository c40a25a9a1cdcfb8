import { AgolaError } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { WatchEvent } from '../ports/key-value-store.ts'
import type { Action } from './action.ts'
import type { DataManagerContext } from './context.ts'
import { actionsOf, follows, readPosition, type WalPosition } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import { decodeWal, decodeWalsData, type WalsData } from './wal.ts'

export interface DataChanges {
  /** In the order in which they were committed. */
  actions: Action[]
  position: WalsData
}

/** The history of the data as the events of the key-value store tell it, for copies that follow it (spec/storage.md 5.9, 9.4). A copy takes
 *  a position, reads everything, and then applies what came after the position: what it read already, it applies once more. */
export class DataFeed {
  readonly #context: DataManagerContext

  constructor(context: DataManagerContext) {
    this.#context = context
  }

  /** Where the history stands, or stood at a revision: `revisionCompacted` when that is too long ago. `notReady` */
  async position(options: CallOptions & { revision?: bigint } = {}): Promise<WalPosition> {
    const position = await readPosition(this.#context, options)
    if (position !== null) return position
    throw new AgolaError('notReady', 'the data manager is not initialised; open it again')
  }

  /** What whole revisions of the key-value store have changed after `position`, whatever has become of the wals since; wals up to it are
   *  passed over. null when the copy cannot go on from there: the data was replaced or lost, or a wal is missing. `objectDoesNotExist`
   *  when the copy is so far behind that the data of a wal was cleaned away. */
  async changesAfter(
    position: WalsData,
    events: readonly WatchEvent[],
    options: CallOptions = {},
  ): Promise<DataChanges | null> {
    const { storeKeys } = this.#context
    const actions: Action[] = []
    let lastWal: Sequence = position.lastWal
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key
      if (key === storeKeys.walsData) {
        if (event.type === 'delete') return null
        if (decodeWalsData(event.entry.value).generation !== position.generation) return null
      }
      // What a cleaner removes from the key-value store was applied when it came.
      if (event.type === 'delete' || !key.startsWith(storeKeys.walPrefix)) continue
      const wal = decodeWal(event.entry.value, `the wal ${key}`)
      if (wal.sequence <= lastWal) continue
      if (wal.resetTo !== '' || !follows(wal, lastWal)) return null
      for (const action of await actionsOf(this.#context, wal, options)) actions.push(action)
      lastWal = wal.sequence
    }
    return { actions, position: { generation: position.generation, lastWal } }
  }
}
