import { charge, enterFrame, machine } from './machine.ts'
import type { Place } from './source.ts'

/** What an expression evaluates to. Strings are JavaScript's; functions that count or compare look at code points. */
export type Value = null | boolean | number | string | JsonnetArray | JsonnetObject | JsonnetFunction

/** A value or the promise of one: what variables, arguments and elements hold. */
export type Slot = Value | Thunk

/** Variables of a function call, of an object layer or of a round of a comprehension.
 *  Entry 0 is the environment around it; of object layers, 1 is `self` and 2 the number of the layer. */
export type Env = (Slot | Env | undefined)[]

/** Compiled expression. */
export type Code = (env: Env) => Value

export class JsonnetArray {
  readonly elements: Slot[]
  /** Where an array literal stands, for telling the origin of values. */
  readonly place: Place | undefined

  constructor(elements: Slot[], place?: Place) {
    this.elements = elements
    this.place = place
    charge(32 + elements.length * 8)
  }
}

export interface CompiledParameter {
  name: string
  /** Makes the argument that was not given, from the environment of the call. Absent when it must be given. */
  fallback: ((env: Env) => Slot) | undefined
}

/** What all closures of one function expression share. */
export interface FunctionPlan {
  name: string | undefined
  parameters: readonly CompiledParameter[]
  /** How many of the parameters must be given. */
  required: number
  /** Entries of the environment of a call, known once the body is compiled. */
  layout: { size: number }
  body: Code
  builtin: Builtin | undefined
}

/** A function that is not written in Jsonnet. Gets its arguments in order; those not given are undefined. */
export interface Builtin {
  /** By parameter: the argument arrives unevaluated. */
  lazy: readonly boolean[]
  call: (...args: Slot[]) => Value
}

export class JsonnetFunction {
  readonly plan: FunctionPlan
  readonly env: Env

  constructor(plan: FunctionPlan, env: Env) {
    this.plan = plan
    this.env = env
  }
}

/** A field as its object literal defines it. */
export interface Member {
  name: string
  visibility: 'inherit' | 'hidden' | 'visible'
  /** Adds to the value that the layers to the left have. Absent unless the field is written with a plus. */
  plus: ((left: Value, own: Value) => Value) | undefined
  /** Known without evaluation. */
  constant: Value | undefined
  code: Code
  place: Place | undefined
}

/** One field of an object: where its value is kept and which layer it comes from. */
export interface Entry {
  name: string
  slot: number
  layer: number
  member: Member
  /** As the layers together say it: inherit counts as visible. */
  visibility: Member['visibility']
}

/** The fields of an object. */
export interface ObjectShape {
  readonly byName: ReadonlyMap<string, Entry>
  readonly hasAsserts: boolean
  /** By name, in the order of code points. */
  all(): readonly Entry[]
  visible(): readonly Entry[]
}

/** An object as the rest of the evaluator sees it; `LayeredObject` is the one implementation. */
export abstract class JsonnetObject {
  abstract get shape(): ObjectShape
  /** Where the rightmost literal stands. */
  abstract get place(): Place | undefined
  /** The value of a field, hidden or not. */
  abstract index(name: string, place?: Place): Value
  /** The value of one of this object's own entries; asserts have been checked. */
  abstract value(entry: Entry, place?: Place): Value
  abstract has(name: string): boolean
  /** `super.name` as seen from a layer. */
  abstract indexSuper(name: string, from: number, place: Place | undefined): Value
  abstract hasSuper(name: string, from: number): boolean
  /** Runs the assertions of all layers, the rightmost first. They may look at the object while it is being checked. */
  abstract checkAsserts(): void
  /** This object with another one to its right. */
  abstract extend(right: JsonnetObject): JsonnetObject
  /** This object without a field in any of its layers, and without assertions; `self` is the new object. */
  abstract without(name: string): JsonnetObject
}

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
