import { callWith } from './call.ts'
import { describeFailure } from './describe-failure.ts'
import type { EvaluatedValue, EvaluateOptions, Evaluation, JsonnetError, JsonValue } from './evaluation.ts'
import { RuntimeFailure, StaticFailure } from './failure.ts'
import { Files } from './files.ts'
import { hostProgram } from './host-program.ts'
import { currentTrace, freshMachine, machine } from './machine.ts'
import { type Manifest, manifest } from './manifest.ts'
import { placesByPath } from './positions.ts'
import { enterProgram } from './program.ts'
import { Place, Source } from './source.ts'
import { force, JsonnetFunction, Thunk, type Value } from './values.ts'

/** Evaluates a program in this thread. Never throws: what is wrong with the program comes back as a located error.
 *  The time limit is looked at between calls, so one long call of a builtin may overrun it; the pool's does not.
 *
 *  How deep a program may recurse is bounded by this thread's stack too; beyond it, "max stack frames exceeded." */
export function evaluate(source: string, options: EvaluateOptions = {}): Evaluation {
  const outcome = evaluateToText(source, options)
  if (!outcome.ok) return outcome
  const { text, places } = outcome
  const value = JSON.parse(text) as JsonValue
  const result: EvaluatedValue = { ok: true, text, value }
  if (places !== undefined) result.positionOf = placesByPath(places, value)
  return result
}

export type TextOutcome = ({ ok: true } & Manifest) | { ok: false; error: JsonnetError }

/** The same without reading the text back. `watch` is told now and then where the program is. */
export function evaluateToText(
  source: string,
  options: EvaluateOptions,
  watch: (place: Place) => void = () => undefined,
): TextOutcome {
  const formerMachine = { ...machine }
  Object.assign(machine, freshMachine(), {
    depthMax: options.limits?.stackFrames ?? 500,
    keepPlaces: options.positions === true,
    beat: beat(options.limits?.timeMs ?? Number.POSITIVE_INFINITY, watch),
  })
  const files = new Files(options.importFile, machine.keepPlaces)
  const formerProgram = enterProgram(hostProgram(options, files))
  const origin = new Place(new Source(options.fileName ?? '', source), 0, 0)
  watch(origin)
  try {
    return { ok: true, ...run(source, options, files) }
  } catch (error) {
    return { ok: false, error: describeFailure(toFailure(error, origin)) }
  } finally {
    enterProgram(formerProgram)
    Object.assign(machine, formerMachine)
  }
}

function run(source: string, options: EvaluateOptions, files: Files): Manifest {
  const program = files.compile(options.fileName ?? '', source)
  let value = program.force()
  if (value instanceof JsonnetFunction) value = callTopLevel(value, options, files, program.place)
  return manifest(value, program.place, options.limits ?? {})
}

/** Calls the function that the program evaluated to, with all arguments by name. */
function callTopLevel(fn: JsonnetFunction, options: EvaluateOptions, files: Files, place: Place | undefined): Value {
  const named = Object.entries(options.topLevelArguments ?? {}).map(([name, binding]) => ({
    name,
    value: 'text' in binding ? binding.text : lazyCode(files, `<top-level-arg:${name}>`, binding.code),
  }))
  return callWith(fn, [], named, false, place)
}

function lazyCode(files: Files, name: string, code: string): Thunk {
  return new Thunk(() => force(files.compile(name, code)), [])
}

function beat(timeMs: number, watch: (place: Place) => void): () => void {
  const end = performance.now() + timeMs
  return () => {
    const place = machine.places[machine.top - 1]
    if (place !== undefined) watch(place)
    if (performance.now() > end) {
      throw new RuntimeFailure(`evaluation took longer than ${timeMs} ms`, currentTrace(), 'limit')
    }
  }
}

/** The JavaScript engine's own limits are failures of the program at the place where it was. */
function toFailure(error: unknown, origin: Place): StaticFailure | RuntimeFailure {
  if (error instanceof StaticFailure) return error
  if (error instanceof RuntimeFailure) {
    if (error.trace.length > 0) return error
    return new RuntimeFailure(error.message, [origin], error.kind, error.hint)
  }
  if (!(error instanceof RangeError)) throw error
  const trace = [...currentTrace(), origin]
  if (/call stack/.test(error.message)) return new RuntimeFailure('max stack frames exceeded.', trace)
  return new RuntimeFailure(`value too large: ${error.message}`, trace, 'limit')
}
