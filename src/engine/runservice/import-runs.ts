import { readExport } from '../datamanager/read-export.ts'
import { AgolaError, hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compare, KeyValueStore, Op } from '../ports/key-value-store.ts'
import type { DataRunArchive } from './data-run-archive.ts'
import { decodeNumber, encode } from './documents.ts'
import { keys } from './keys.ts'
import { MaintenanceMode } from './maintenance-mode.ts'
import { rootOf } from './run-group.ts'
import { decodeRunData, runDataTypes } from './run-index.ts'

export interface ImportRunsOptions {
  kv: KeyValueStore
  archive: DataRunArchive
  clock: Clock
}

/** Replaces all archived runs by those of an export, which is read twice: checked first, then taken. Only in maintenance and when no run is
 *  active: `notInMaintenance`, also when the maintenance ends before the switch, and `notReady`. `importInvalid` names what is wrong; until the switch, which is one step, the old runs stay as
 *  they are. Gives how many runs there are now. */
export async function importRuns(
  { kv, archive, clock }: ImportRunsOptions,
  read: () => AsyncIterable<Uint8Array>,
  options: CallOptions = {},
): Promise<number> {
  const mode = new MaintenanceMode({ kv, clock })
  const fence = await requireQuiet(mode, options)
  const numbers = await checkRuns(read())
  // Before the switch: a crash between the two leaves a gap in the numbers, and never a number twice.
  for (const [key, value] of numbers.highest) await raise(kv, key, value, options)
  try {
    const imported: Op = { type: 'put', key: keys.imports, value: encode(numbers.runs) }
    await archive.data.import(read(), { ...options, compare: [fence], ops: [imported] })
  } catch (error) {
    if (!hasCode(error, 'concurrentUpdate') || (await mode.fence(options))?.value === fence.value) throw error
    const message =
      'the maintenance ended during the import: agola maintenance enable, and import again; no run was changed'
    throw new AgolaError('notInMaintenance', message, { cause: error })
  }
  return numbers.runs
}

/** Gives the compare that it is still so. Taken before the runs are counted: as long as it holds, there can only be fewer of them. */
async function requireQuiet(mode: MaintenanceMode, options: CallOptions): Promise<Compare> {
  const fence = await mode.fence(options)
  if (fence === null) {
    throw new AgolaError(
      'notInMaintenance',
      'an import replaces every run, so the store must be in maintenance: agola maintenance enable',
    )
  }
  const { activeRuns } = await mode.status(options)
  if (activeRuns === 0) return fence
  const what = activeRuns === 1 ? 'one run is' : `${activeRuns} runs are`
  throw new AgolaError('notReady', `${what} not over yet: wait for the end, or stop them with agola directrun stop`)
}

/** The highest numbers that the runs of the export have, by the keys under which the store counts them. */
async function checkRuns(chunks: AsyncIterable<Uint8Array>): Promise<{ runs: number; highest: Map<string, number> }> {
  const types = new Set(runDataTypes.map(({ name }) => name))
  const highest = new Map<string, number>()
  const note = (key: string, value: number) => highest.set(key, Math.max(value, highest.get(key) ?? 0))
  let runs = 0
  for await (const { dataType, id, data } of readExport(chunks, types)) {
    if (dataType !== 'run') continue
    const { group, counter, sequence } = runOf(id, data)
    note(keys.counter(rootOf(group)), counter)
    note(keys.runSequence, sequence)
    runs += 1
  }
  return { runs, highest }
}

function runOf(id: string, data: Uint8Array) {
  try {
    const run = decodeRunData(data)
    const isWhole = run.id === id && [run.counter, run.sequence].every((number) => Number.isSafeInteger(number))
    if (isWhole && typeof run.group === 'string') return run
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new AgolaError('importInvalid', `the run ${JSON.stringify(id)} of the import is no run. Nothing was changed`)
}

async function raise(kv: KeyValueStore, key: string, value: number, options: CallOptions): Promise<void> {
  for (;;) {
    const { entry } = await kv.get(key, options)
    if (decodeNumber(entry) >= value) return
    const { succeeded } = await kv.txn(
      {
        compare: [{ key, target: 'modRevision', operator: '=', value: entry?.modRevision ?? 0n }],
        then: [{ type: 'put', key, value: encode(value) }],
      },
      options,
    )
    if (succeeded) return
  }
}
