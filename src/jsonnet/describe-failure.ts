import type { JsonnetError, TraceFrame } from './evaluation.ts'
import { type RuntimeFailure, StaticFailure } from './failure.ts'
import type { Place } from './source.ts'

/** How many frames of a trace are shown; of longer ones the middle is left out. */
const traceFramesMax = 20

/** A failure as plain data. */
export function describeFailure(failure: StaticFailure | RuntimeFailure): JsonnetError {
  const { message, hint } = failure
  if (failure instanceof StaticFailure) {
    const firstLine = `${failure.place} ${message}`
    return withPlace({ kind: 'static', message, firstLine, trace: [], elided: 0 }, failure.place, hint)
  }
  const { trace, kind } = failure
  const half = traceFramesMax / 2
  const elided = Math.max(0, trace.length - traceFramesMax)
  const shown = elided === 0 ? trace : [...trace.slice(0, half), ...trace.slice(-half)]
  const firstLine = `RUNTIME ERROR: ${message}`
  return withPlace({ kind, message, firstLine, trace: shown.map(toFrame), elided }, trace[0], hint)
}

function toFrame(place: Place): TraceFrame {
  return { ...place.position(), context: place.context }
}

const excerptLengthMax = 160

function withPlace(error: JsonnetError, place: Place | undefined, hint: string | undefined): JsonnetError {
  if (hint !== undefined) error.hint = hint
  if (place === undefined) return error
  const { text, at } = place.source.lineOf(place.start)
  // Of a very long line, the neighbourhood of the place.
  const from = at > excerptLengthMax ? at - excerptLengthMax / 2 : 0
  const shown = text.slice(from, from + excerptLengthMax)
  const markLength = Math.max(1, Math.min(place.end - place.start, shown.length - (at - from)))
  return { ...error, position: place.position(), excerpt: { text: shown, markFrom: at - from, markLength } }
}
