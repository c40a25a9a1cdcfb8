import { RuntimeFailure } from './failure.ts'
import type { Place } from './source.ts'

/** State of the evaluation that is under way. There is one at a time in a thread; `evaluate` sets it up and puts
 *  the former one back, so that a native function may evaluate something of its own. */
export interface Machine {
  /** Frames in the sense of go-jsonnet: calls, lazy values and fields being evaluated. */
  depth: number
  depthMax: number
  /** The running function was called with `tailstrict`, so a call in its tail position replaces its frame. */
  trimmable: boolean
  /** Places that led to what is being evaluated: `places[0 … top)`. Left as it was when something throws. */
  readonly places: (Place | undefined)[]
  top: number
  /** Calls and lazy values so far; every 1,024 of them `beat` is called. */
  ticks: number
  /** Bytes allocated, roughly, since `beat` was called for it. */
  pressure: number
  beat: () => void
  /** Keep the places of array elements. */
  keepPlaces: boolean
}

export const machine: Machine = freshMachine()

export function freshMachine(): Machine {
  return {
    depth: 0,
    depthMax: 500,
    trimmable: false,
    places: [],
    top: 0,
    ticks: 0,
    pressure: 0,
    beat: () => undefined,
    keepPlaces: false,
  }
}

/** Stops the program at a place, or at the call that is being evaluated. */
export function fail(message: string, place?: Place, hint?: string): never {
  throw new RuntimeFailure(message, currentTrace(place), 'runtime', hint)
}

/** Innermost first. The call that is being evaluated is not told twice. */
export function currentTrace(place?: Place): Place[] {
  const trace: Place[] = place === undefined ? [] : [place]
  for (let at = machine.top - 1; at >= 0; at--) {
    const frame = machine.places[at]
    if (frame !== undefined && !(trace.length === 1 && frame === place)) trace.push(frame)
  }
  return trace
}

export function tick(): void {
  if ((++machine.ticks & 1023) === 0) machine.beat()
}

/** Counts a frame; the caller puts `depth` back. */
export function enterFrame(place?: Place): void {
  if (machine.depth >= machine.depthMax) fail('max stack frames exceeded.', place)
  machine.depth++
  if ((++machine.ticks & 1023) === 0) machine.beat()
}

/** Bytes of allocation between two looks at the memory. */
const pressureMax = 4 * 1024 * 1024

/** Accounts for an allocation whose size the program decides. */
export function charge(bytes: number): void {
  machine.pressure += bytes
  if (machine.pressure <= pressureMax) return
  machine.pressure = 0
  machine.beat()
}
