import type { RunHeader } from '../decide/advance-run.ts'
import type { Executor } from '../model/executor.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { ExecutorId } from '../model/ids.ts'
import type { RunTask } from '../model/run.ts'
import type { RunEvent } from '../model/run-event.ts'
import type { Entry } from '../ports/key-value-store.ts'

/** What the runservice keeps in the key-value store, as JSON. Only this service writes below its keys, so what is read is what was
 *  written, and is taken for it. */
export interface RunDocument extends RunHeader {
  /** The executor of the process that the run belongs to; '' when it belongs to all. */
  owner: ExecutorId
  /** Tells the writer of a transaction with unknown outcome whether it was applied. */
  writeId: string
}

export function encode(
  document: RunDocument | RunTask | ExecutorTask | Executor | RunEvent | number | string,
): Uint8Array {
  return Buffer.from(JSON.stringify(document))
}

export function decodeRun(entry: Entry): RunDocument {
  return JSON.parse(textOf(entry)) as RunDocument
}

export function decodeRunTask(entry: Entry): RunTask {
  return JSON.parse(textOf(entry)) as RunTask
}

export function decodeExecutorTask(entry: Entry): ExecutorTask {
  return JSON.parse(textOf(entry)) as ExecutorTask
}

export function decodeExecutor(entry: Entry): Executor {
  return JSON.parse(textOf(entry)) as Executor
}

export function decodeRunEvent(entry: Entry): RunEvent {
  return JSON.parse(textOf(entry)) as RunEvent
}

/** 0 for a key that is not there. */
export function decodeNumber(entry: Entry | null | undefined): number {
  return entry ? Number(textOf(entry)) : 0
}

export function decodeText(entry: Entry): string {
  return String(JSON.parse(textOf(entry)))
}

export function headerOf({ owner: _owner, writeId: _writeId, ...header }: RunDocument): RunHeader {
  return header
}

function textOf(entry: Entry): string {
  return Buffer.from(entry.value).toString()
}
