import type { ProgressEvent, StepRef, TaskRef } from '../engine/model/progress-event.ts'
import { incompleteUtf8Length } from './utf8-decoder.ts'

/** Of the fields of each line; grows when one changes its meaning or goes away. */
const version = 1

/** Bytes of output in one line. */
const dataBytesMax = 64 * 1024

/** Progress as one JSON object a line (`--output ndjson`): `v`, `time` (RFC 3339), `type`, `run`, and, where they apply, `task`,
 *  `task_id`, `step`, `step_index`. Output is text in `data` with `encoding` "utf-8", or "base64" when it is no UTF-8. */
export class NdjsonLines {
  /** The beginning of a character that the next output completes, by step. */
  readonly #rests = new Map<string, Uint8Array>()

  /** Zero or more whole lines. */
  write(event: ProgressEvent): string {
    const base = { v: version, time: new Date(event.time).toISOString(), type: event.type, run: event.run }
    switch (event.type) {
      case 'run_created': {
        const { name, group, phase, setupErrors, tasks } = event
        return line({ ...base, name, group, phase, setup_errors: setupErrors, tasks: tasks.map(taskFields) })
      }
      case 'task_started':
      case 'approval_required':
        return line({ ...base, ...taskPlace(event.task) })
      case 'step_started':
        return line({ ...base, ...stepPlace(event), step_type: event.step.type })
      case 'step_output':
        return this.#output({ ...base, ...stepPlace(event) }, keyOf(event), event.data, false)
      case 'step_finished': {
        const rest = this.#output(
          { ...base, type: 'step_output', ...stepPlace(event) },
          keyOf(event),
          new Uint8Array(0),
          true,
        )
        const end = { phase: event.phase, exit_status: event.exitStatus, duration_ms: event.durationMs }
        return rest + line({ ...base, ...stepPlace(event), ...end })
      }
      case 'task_finished': {
        const { status, timedout, failError, durationMs } = event
        const end = { status, timedout, fail_error: failError, duration_ms: durationMs }
        return line({ ...base, ...taskPlace(event.task), ...end })
      }
      case 'task_paused': {
        const until = new Date(event.until).toISOString()
        return line({ ...base, ...stepPlace(event), exit_status: event.exitStatus, until })
      }
      case 'task_resumed':
        return line({ ...base, ...stepPlace(event) })
      case 'run_finished':
        return line({ ...base, phase: event.phase, result: event.result, duration_ms: event.durationMs })
    }
  }

  #output(base: object, key: string, data: Uint8Array, last: boolean): string {
    const rest = this.#rests.get(key)
    const bytes = rest === undefined ? data : Buffer.concat([rest, data])
    let text = ''
    let start = 0
    while (bytes.length - start > dataBytesMax) {
      const part = bytes.subarray(start, start + dataBytesMax)
      const length = part.length - incompleteUtf8Length(part)
      text += line({ ...base, ...encode(part.subarray(0, length)) })
      start += length
    }
    const tail = bytes.subarray(start)
    const kept = last ? 0 : incompleteUtf8Length(tail)
    if (tail.length > kept) text += line({ ...base, ...encode(tail.subarray(0, tail.length - kept)) })
    if (kept > 0) this.#rests.set(key, tail.slice(tail.length - kept))
    else this.#rests.delete(key)
    return text
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function encode(bytes: Uint8Array): { data: string; encoding: 'utf-8' | 'base64' } {
  try {
    return { data: strictUtf8.decode(bytes), encoding: 'utf-8' }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { data: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
  }
}

function taskFields(task: Extract<ProgressEvent, { type: 'run_created' }>['tasks'][number]): object {
  const { id, name, level, depends, status, steps } = task
  const parents = depends.map((depend) => ({ task_id: depend.id, conditions: depend.conditions }))
  return { task_id: id, name, level, depends: parents, status, steps: steps.map(({ name, type }) => ({ name, type })) }
}

function taskPlace(task: TaskRef): object {
  return { task: task.name, task_id: task.id }
}

function stepPlace(event: { task: TaskRef; step: StepRef }): object {
  return { ...taskPlace(event.task), step: event.step.name, step_index: event.step.index }
}

function keyOf(event: { run: number; task: TaskRef; step: StepRef }): string {
  return `${event.run}/${event.task.id}/${event.step.index}`
}

function line(fields: object): string {
  return `${JSON.stringify(fields)}\n`
}
