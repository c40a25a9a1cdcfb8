import { AgolaError, hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Action } from './action.ts'
import type { DataManagerContext } from './context.ts'
import type { SnapshotPointer } from './data-status.ts'
import { Overlay } from './overlay.ts'
import { actionsOf, follows, readPointer, readPosition, type WalPosition, walsAfter } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import { Snapshot } from './snapshot.ts'
import type { Wal } from './wal.ts'

const attemptsMax = 5
/** Own writes after which a view looks for a newer snapshot, and lets go of what that contains. */
const appendedMax = 100

/** The data as of `lastWal`: a snapshot and what was committed after it. */
export interface View {
  readonly overlay: Overlay
  readonly snapshot: Snapshot | null
  readonly lastWal: Sequence
  readonly generation: string
}

interface OwnedView extends View {
  snapshot: Snapshot | null
  lastWal: Sequence
  /** Own writes since the snapshot was looked for. */
  appended: number
}

/** Keeps a view in memory and brings it up to date when it is asked for: one small read of the key-value store tells whether something
 *  was written, by whatever process. Nothing runs in between. */
export class Views {
  readonly #context: DataManagerContext
  #view: OwnedView | null = null
  #catchingUp: Promise<unknown> = Promise.resolve()

  constructor(context: DataManagerContext) {
    this.#context = context
  }

  /** Contains every write that was acknowledged, to anybody, before the call. `notReady` when the store is not initialised. */
  async current(options: CallOptions): Promise<View> {
    const position = await this.#position(options)
    if (this.#view !== null && isAt(this.#view, position) && this.#view.appended < appendedMax) return this.#view
    const work = this.#catchingUp.then(() => this.#catchUp(options))
    this.#catchingUp = work.catch(() => undefined)
    return work
  }

  /** A wal of our own that was just committed: no need to read it back when it comes next. */
  append(wal: Wal, actions: readonly Action[], generation: string): void {
    const view = this.#view
    if (view?.generation !== generation || wal.sequence <= view.lastWal || !follows(wal, view.lastWal)) return
    view.overlay.apply(wal.sequence, actions)
    view.lastWal = wal.sequence
    view.appended++
  }

  /** For readers that met a file which a cleaner had removed: the snapshot they hold is too old. */
  forget(): void {
    this.#view = null
  }

  async #catchUp(options: CallOptions): Promise<View> {
    for (let attempt = 1; ; attempt++) {
      try {
        const position = await this.#position(options)
        const view = await this.#follow(position, options)
        if (view !== null) return view
        this.#view = null
      } catch (error) {
        // The snapshot was replaced, or the revision compacted, between two reads.
        const isRace = hasCode(error, 'objectDoesNotExist', 'revisionCompacted')
        if (!isRace || attempt >= attemptsMax) throw error
        this.#view = null
      }
      if (attempt >= attemptsMax) throw new AgolaError('storeUnusable', 'the history in the key-value store has a gap')
    }
  }

  /** null when the view cannot be continued: wals it lacks are gone, or the data was replaced. */
  async #follow(position: WalPosition, options: CallOptions): Promise<View | null> {
    const pointer = await readPointer(this.#context, { ...options, revision: position.revision })
    const held = this.#view
    if (held !== null && held.generation !== position.generation) return null
    const start = held?.lastWal ?? pointer?.walSequence ?? ''
    const snapshot = await this.#snapshot(held, pointer, options)
    const gained: { wal: Wal; actions: Action[] }[] = []
    let last = start
    for await (const wal of walsAfter(this.#context, start, position.revision, options)) {
      if (!follows(wal, last)) return null
      gained.push({ wal, actions: await actionsOf(this.#context, wal, options) })
      last = wal.sequence
    }
    if (last !== position.lastWal && !isBeginning(last, position.lastWal)) return null
    // From here on nothing waits, so that nobody sees half of it; own writes may have been appended meanwhile.
    const { generation } = position
    const view = held ?? { overlay: new Overlay(this.#context.log), snapshot, lastWal: start, generation, appended: 0 }
    for (const { wal, actions } of gained) {
      if (wal.sequence > view.lastWal) view.overlay.apply(wal.sequence, actions)
    }
    if (snapshot !== null && snapshot !== view.snapshot) view.overlay.dropUpTo(snapshot.status.walSequence)
    view.snapshot = snapshot
    view.appended = 0
    if (position.lastWal > view.lastWal) view.lastWal = position.lastWal
    // One that was forgotten meanwhile serves this reader; the next one begins anew.
    if (this.#view === held) this.#view = view
    return view
  }

  async #snapshot(held: View | null, pointer: SnapshotPointer | null, options: CallOptions): Promise<Snapshot | null> {
    if (pointer === null) return null
    if (held?.snapshot?.status.dataSequence === pointer.dataSequence) return held.snapshot
    const { store } = this.#context
    return new Snapshot(await store.readStatus(pointer.dataSequence, options), store)
  }

  async #position(options: CallOptions): Promise<WalPosition> {
    const position = await readPosition(this.#context, options)
    if (position !== null) return position
    throw new AgolaError('notReady', 'the data manager is not initialised; open it again')
  }
}

function isAt(view: View, { lastWal, generation }: WalPosition): boolean {
  return view.lastWal === lastWal && view.generation === generation
}

/** A store without any wal yet stands before the first one. */
function isBeginning(last: Sequence, position: Sequence): boolean {
  return last === '' && follows({ previous: '' }, position)
}
