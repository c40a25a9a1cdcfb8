import type { ExecutorId, RunId } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import { decodeExecutorTask, decodeRun } from './documents.ts'
import { keys } from './keys.ts'
import { readAll } from './read-all.ts'

/** Active runs and the executors of the processes that they belong to. */
export async function ownersOfActiveRuns(kv: KeyValueStore, options?: CallOptions): Promise<Map<RunId, ExecutorId>> {
  const { entries } = await readAll(kv, keys.runs, options)
  return new Map(entries.map(decodeRun).map(({ id, owner }) => [id, owner]))
}

/** Executors from which something of an active run may still have to be fetched. */
export async function executorsInUse(kv: KeyValueStore, options?: CallOptions): Promise<Set<ExecutorId>> {
  const owners = await ownersOfActiveRuns(kv, options)
  const { entries } = await readAll(kv, keys.executorTasks, options)
  return new Set([...owners.values(), ...entries.map((entry) => decodeExecutorTask(entry).executorId)])
}
