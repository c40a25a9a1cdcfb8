import type { RunHeader, RunTransition } from '../decide/advance-run.ts'
import type { RunWrite } from '../decide/run-draft.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { RunId } from '../model/ids.ts'
import type { Compare, Op } from '../ports/key-value-store.ts'
import { encode } from './documents.ts'
import { keys } from './keys.ts'

// Below the limits of a transaction by what goes into each: the run itself, its events, their sequence.
const batchOpsMax = 80
const batchBytesMax = 600 * 1024

/** Changes of a run that are stored together. */
export interface WriteBatch {
  header: RunHeader
  transitions: RunTransition[]
  /** By key: a transaction writes and compares each once. */
  compare: Map<string, Compare>
  ops: Map<string, KeyOp>
}

type KeyOp = Extract<Op, { type: 'put' | 'delete' }>

/** What a draft changed, cut into transactions that a store takes: nearly always one. After each of them the run is one that
 *  decisions can go on from, because a beginning of a draft's changes always is. */
export function writeBatches(
  header: RunHeader,
  writes: readonly RunWrite[],
  isNew: (task: ExecutorTask) => boolean,
): WriteBatch[] {
  const first = emptyBatch(header)
  const batches = [first]
  let current = first
  let bytes = 0
  for (const write of writes) {
    if (write.type === 'header') {
      current.header = write.header
      if (write.transition !== null) current.transitions.push(write.transition)
      continue
    }
    const op = opOf(header.id, write)
    const size = op.type === 'put' ? op.value.length : 0
    if (current.ops.size >= batchOpsMax || bytes + size > batchBytesMax) {
      current = emptyBatch(current.header)
      batches.push(current)
      bytes = 0
    }
    if (write.type === 'executorTask' && isNew(write.task)) {
      current.compare.set(op.key, { key: op.key, target: 'createRevision', operator: '=', value: 0n })
    }
    current.ops.set(op.key, op)
    bytes += size
  }
  return batches
}

function emptyBatch(header: RunHeader): WriteBatch {
  return { header, transitions: [], compare: new Map(), ops: new Map() }
}

function opOf(runId: RunId, write: Exclude<RunWrite, { type: 'header' }>): KeyOp {
  if (write.type === 'task') {
    return { type: 'put', key: keys.runTask(runId, write.task.id), value: encode(write.task) }
  }
  const key = keys.executorTask(runId, write.task.id)
  return write.type === 'deleteExecutorTask' ? { type: 'delete', key } : { type: 'put', key, value: encode(write.task) }
}
