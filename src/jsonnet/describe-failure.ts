import type { JsonnetError, TraceFrame } from './evaluation.ts'
import { type RuntimeFailure, StaticFailure } from './failure.ts'
import type { Place } from './source.ts'

/** How many frames of a trace are shown; of longer ones the middle is left out. */
const traceFramesMax = 20
const runtimePrefix = 'RUNTIME ERROR: '

/** A failure as plain data. */
export function describeFailure(failure: StaticFailure | RuntimeFailure): JsonnetError {
  const { message, hint } = failure
  if (failure instanceof StaticFailure) {
    const { place, importTrace } = failure
    const isImported = importTrace.length > 0
    const firstLine = `${isImported ? runtimePrefix : ''}${place} ${message}`
    const trace = cutTrace(isImported ? [place, ...importTrace] : [])
    return withPlace({ kind: 'static', message, firstLine, ...trace }, place, hint)
  }
  const { trace, kind } = failure
  return withPlace({ kind, message, firstLine: `${runtimePrefix}${message}`, ...cutTrace(trace) }, trace[0], hint)
}

function cutTrace(trace: readonly Place[]): Pick<JsonnetError, 'trace' | 'elided'> {
  const half = traceFramesMax / 2
  const elided = Math.max(0, trace.length - traceFramesMax)
  const shown = elided === 0 ? trace : [...trace.slice(0, half), ...trace.slice(-half)]
  return { trace: shown.map(toFrame), elided }
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
