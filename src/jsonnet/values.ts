import type { JsonnetFunction } from './function.ts'
import type { JsonnetObject } from './object.ts'
import type { Place } from './source.ts'
import type { Thunk } from './thunk.ts'

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
  }
}
