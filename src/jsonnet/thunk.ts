import { enterFrame, machine } from './machine.ts'
import type { Place } from './source.ts'
import type { Code, Env, Slot, Value } from './values.ts'

const noEnv: Env = []

/** An expression that is evaluated when its value is first asked for. One that fails fails again each time. */
export class Thunk {
  /** Absent once the value is known. */
  #code: Code | undefined
  #env: Env
  #value: Value = null
  readonly place: Place | undefined

  constructor(code: Code, env: Env, place?: Place) {
    this.#code = code
    this.#env = env
    this.place = place
  }

  /** A value that is known already, with the place it comes from. */
  static ready(value: Value, place: Place | undefined): Thunk {
    const thunk = new Thunk(() => value, noEnv, place)
    thunk.#code = undefined
    thunk.#value = value
    return thunk
  }

  get isReady(): boolean {
    return this.#code === undefined
  }

  force(): Value {
    const code = this.#code
    if (code === undefined) return this.#value
    const { depth, trimmable } = machine
    enterFrame()
    machine.trimmable = false
    const value = code(this.#env)
    machine.depth = depth
    machine.trimmable = trimmable
    this.#value = value
    this.#code = undefined
    this.#env = noEnv
    return value
  }
}

export function force(slot: Slot): Value {
  return slot instanceof Thunk ? slot.force() : slot
}

/** Forces the value of a variable or element that is mentioned at a place. */
export function forceAt(thunk: Thunk, place: Place): Value {
  if (thunk.isReady) return thunk.force()
  const { top } = machine
  machine.places[top] = place
  machine.top = top + 1
  const value = thunk.force()
  machine.top = top
  return value
}
