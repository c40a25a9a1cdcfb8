import { AgolaError, hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare, Entry, Op } from '../ports/key-value-store.ts'
import { abortable } from '../std/abortable.ts'
import { type Action, encodeActions } from './action.ts'
import { type ChangeGroupToken, changeGroupUpdated, comparesOf, isCurrent, tokenAfter } from './change-groups.ts'
import type { DataManagerContext } from './context.ts'
import { readPosition } from './read-wals.ts'
import { counterOf, nextSequence, type Sequence } from './sequence.ts'
import { transact, unchanged } from './transact.ts'
import type { Views } from './view.ts'
import {
  decodeHeader,
  decodeWal,
  decodeWalsData,
  encodeWal,
  encodeWalsData,
  inlineBytesMax,
  type Wal,
  type WalsData,
} from './wal.ts'

const attemptsMax = 20
const pauseMsMax = 20
/** A transaction of the store has 100; a few are ours. */
const operationsMax = 90

export interface WriteOptions extends CallOptions {
  /** `changeGroupUpdated` when one of the groups changed since the token was taken. */
  changeGroups?: ChangeGroupToken
  /** More conditions, and more changes of the key-value store, of the same transaction. `concurrentUpdate` when a condition fails. */
  compare?: Compare[]
  ops?: Op[]
}

export interface WriteResult {
  walSequence: Sequence
  /** Of the key-value store. */
  revision: bigint
  /** For a next write on the same groups; null when none were given. */
  changeGroups: ChangeGroupToken | null
}

interface PendingWrite {
  actions: readonly Action[]
  bytes: Uint8Array
  options: WriteOptions
  compares: Compare[]
  /** Keys it writes besides the wal. */
  keys: string[]
  resolve(result: WriteResult): void
  reject(error: unknown): void
}

/** The base that the next wal is built on. */
interface Base extends WalsData {
  value: Uint8Array
}

/** Actions in object storage that no wal names yet. They may be gone once the collection is another one, or the store is. */
interface LargeData {
  dataFileId: string
  collection: Uint8Array | null
  generation: string
}

/** Commits writes as wals. Writes that come while one is under way share the next wal, so that the store's latency is paid once for all. */
export class Writer {
  readonly #context: DataManagerContext
  readonly #views: Views
  #queue: PendingWrite[] = []
  #working = false
  /** Remembered from our last commit; the store's own compare tells when somebody else was faster. */
  #base: Base | null = null

  constructor(context: DataManagerContext, views: Views) {
    this.#context = context
    this.#views = views
  }

  /** Aborting gives up a write that still waits for its turn; one that is under way is only no longer waited for. */
  async write(actions: readonly Action[], options: WriteOptions): Promise<WriteResult> {
    options.signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>()
    const groups = options.changeGroups === undefined ? [] : comparesOf(options.changeGroups)
    const opKeys = (options.ops ?? []).flatMap((op) => ('key' in op ? [op.key] : [op.prefix]))
    const pending: PendingWrite = {
      actions,
      bytes: encodeActions(actions),
      options,
      compares: [...groups, ...(options.compare ?? [])],
      keys: [...groups.map(({ key }) => key), ...opKeys],
      resolve,
      reject,
    }
    this.#queue.push(pending)
    if (!this.#working) void this.#work()
    try {
      return await abortable(promise, options.signal)
    } finally {
      this.#queue = this.#queue.filter((other) => other !== pending)
    }
  }

  async #work(): Promise<void> {
    this.#working = true
    // Writes of the same turn of the event loop go together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch()
      try {
        await this.#commit(batch)
      } catch (error) {
        this.#base = null
        for (const { reject } of batch) reject(error)
      }
    }
    this.#working = false
  }

  /** The first of the queue, and those right behind it that fit into the same transaction. */
  #takeBatch(): PendingWrite[] {
    const keys = new Set<string>()
    let bytes = 0
    let operations = 0
    let count = 0
    for (const write of this.#queue) {
      const { options, compares } = write
      bytes += write.bytes.length
      operations += Math.max(write.keys.length, compares.length)
      const alone = (options.compare ?? options.ops) !== undefined
      const fits =
        bytes <= inlineBytesMax && operations <= operationsMax && !alone && write.keys.every((key) => !keys.has(key))
      if (count > 0 && !fits) break
      count++
      for (const key of write.keys) keys.add(key)
      if (alone) break
    }
    return this.#queue.splice(0, count)
  }

  async #commit(batch: PendingWrite[]): Promise<void> {
    const { clock, random } = this.#context
    let large: LargeData | null = null
    let writes = batch
    for (let attempt = 1; writes.length > 0; attempt++) {
      const base = this.#base ?? (await this.#readBase())
      writes = rejectOtherGenerations(writes, base)
      if (writes.length === 0) return
      large = await this.#storeLarge(writes, base, large)
      const attempted = await this.#attempt(writes, base, large)
      if (attempted === null) return
      const isCollected = large !== null && !this.#isCurrent(large, attempted)
      if (isCollected) large = null
      writes = this.#rejectConflicts(writes, base, attempted, isCollected)
      if (writes.length === 0) return
      if (attempt >= attemptsMax) {
        const error = new AgolaError(
          'concurrentUpdate',
          `other writers were faster ${attemptsMax} times in a row: try again`,
        )
        for (const { reject } of writes) reject(error)
        return
      }
      if (attempt > 1) await clock.sleep(random.fraction() * pauseMsMax)
    }
  }

  /** Actions too large for the key-value store go to object storage first; without a wal that names them they are an orphan, which
   *  collectors remove. */
  async #storeLarge(
    [first]: readonly PendingWrite[],
    { generation }: Base,
    stored: LargeData | null,
  ): Promise<LargeData | null> {
    if (first === undefined || first.bytes.length <= inlineBytesMax) return null
    if (stored?.generation === generation) return stored
    const { kv, objects, objectKeys, storeKeys, random } = this.#context
    const collection = (await kv.get(storeKeys.collection)).entry?.value ?? null
    const dataFileId = random.uuid()
    await objects.put(objectKeys.walData(dataFileId), first.bytes, { persist: true })
    return { dataFileId, collection, generation }
  }

  #isCurrent({ collection }: LargeData, entries: ReadonlyMap<string, Entry | null>): boolean {
    const now = entries.get(this.#context.storeKeys.collection)?.value
    return collection === null ? now === undefined : now !== undefined && Buffer.compare(collection, now) === 0
  }

  /** null when it is committed; else what the entries compared are like now. */
  async #attempt(
    writes: readonly PendingWrite[],
    base: Base,
    large: LargeData | null,
  ): Promise<ReadonlyMap<string, Entry | null> | null> {
    const { kv, clock, storeKeys, random } = this.#context
    const sequence = nextSequence(base.lastWal)
    const wal: Wal = {
      sequence,
      previous: counterOf(base.lastWal) === 0 ? '' : base.lastWal,
      dataFileId: large?.dataFileId ?? random.uuid(),
      resetTo: '',
      inline: large === null ? Buffer.concat(writes.map(({ bytes }) => bytes)) : null,
    }
    const walKey = storeKeys.wal(sequence)
    const value = encodeWalsData({ lastWal: sequence, generation: base.generation })
    const groupKeys = writes.flatMap(({ options }) => Object.keys(options.changeGroups?.groups ?? {}))
    const compared = [storeKeys.walsData, walKey, storeKeys.collection, ...groupKeys]
    const outcome = await transact(kv, clock, {
      compare: [
        unchanged(storeKeys.walsData, base.value),
        unchanged(walKey, null),
        ...(large === null ? [] : [unchanged(storeKeys.collection, large.collection)]),
        ...writes.flatMap(({ compares }) => compares),
      ],
      ops: [
        { type: 'put', key: storeKeys.walsData, value },
        { type: 'put', key: walKey, value: encodeWal(wal) },
        ...groupKeys.map((key): Op => ({ type: 'put', key, value: new Uint8Array() })),
        ...writes.flatMap(({ options }) => options.ops ?? []),
      ],
      otherwise: compared.map((key) => ({ type: 'get', key })),
    })
    const entries = new Map(compared.map((key, at) => [key, outcome.gets[at] ?? null]))
    const revision = outcome.succeeded ? outcome.revision : await this.#appliedBefore(wal, outcome.wasUnknown, entries)
    if (revision === null) return entries
    this.#base = { lastWal: sequence, generation: base.generation, value }
    const actions = writes.flatMap((write) => write.actions)
    this.#views.append(wal, actions, base.generation)
    for (const { resolve, options } of writes) {
      const changeGroups = options.changeGroups === undefined ? null : tokenAfter(options.changeGroups, revision)
      resolve({ walSequence: sequence, revision, changeGroups })
    }
    return null
  }

  /** Whether an earlier try, whose answer was lost, is why this one failed: then the wal under our key is ours. */
  async #appliedBefore(
    wal: Wal,
    wasUnknown: boolean,
    entries: ReadonlyMap<string, Entry | null>,
  ): Promise<bigint | null> {
    if (!wasUnknown) return null
    const { objects, objectKeys, storeKeys } = this.#context
    const entry = entries.get(storeKeys.wal(wal.sequence)) ?? null
    if (entry !== null) {
      return decodeWal(entry.value, entry.key).dataFileId === wal.dataFileId ? entry.modRevision : null
    }
    const position = entries.get(storeKeys.walsData)
    if (!position || decodeWalsData(position.value).lastWal < wal.sequence) return null
    // Somebody wrote a wal of this number and a cleaner has removed it since: object storage still knows whose it was.
    const key = objectKeys.walHeader(wal.sequence)
    try {
      const header = decodeHeader(Buffer.concat(await (await objects.get(key)).toArray()), key)
      return header.dataFileId === wal.dataFileId ? position.modRevision : null
    } catch (error) {
      if (!hasCode(error, 'objectDoesNotExist')) throw error
      throw new AgolaError('outcomeUnknown', 'the key-value store lost the answer to a write, and its trace is gone', {
        cause: error,
      })
    }
  }

  /** Ends the writes whose conditions failed, and gives those that only lost the race for the next number, or their data to a collector. */
  #rejectConflicts(
    writes: PendingWrite[],
    base: Base,
    entries: ReadonlyMap<string, Entry | null>,
    isCollected: boolean,
  ): PendingWrite[] {
    const position = entries.get(this.#context.storeKeys.walsData) ?? null
    this.#base = position === null ? null : { ...decodeWalsData(position.value), value: position.value }
    const remaining = writes.filter(({ options, reject }) => {
      const holds = options.changeGroups === undefined || isCurrent(options.changeGroups, entries)
      if (!holds) reject(changeGroupUpdated())
      return holds
    })
    const raced = this.#base?.lastWal !== base.lastWal || this.#base.generation !== base.generation
    if (raced || isCollected || remaining.length < writes.length) return remaining
    for (const { reject } of remaining) {
      reject(
        new AgolaError('concurrentUpdate', 'the data was changed by somebody else: read it again and decide again'),
      )
    }
    return []
  }

  async #readBase(): Promise<Base> {
    const position = await readPosition(this.#context, {})
    if (position === null) throw new AgolaError('notReady', 'the data manager is not initialised; open it again')
    return position
  }
}

/** A token of a history that was lost or replaced says nothing about this one. */
function rejectOtherGenerations(writes: PendingWrite[], { generation }: Base): PendingWrite[] {
  return writes.filter(({ options, reject }) => {
    const isOurs = options.changeGroups === undefined || options.changeGroups.generation === generation
    if (!isOurs) reject(changeGroupUpdated())
    return isOurs
  })
}
