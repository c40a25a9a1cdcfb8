import { escapeJson } from './escape-json.ts'
import type { EvaluationLimits } from './evaluation.ts'
import { RuntimeFailure } from './failure.ts'
import { currentTrace, machine, tick } from './machine.ts'
import { scalarText } from './manifest-json.ts'
import type { Place } from './source.ts'
import { type JsonnetArray, JsonnetObject, type Slot, Thunk, type Value } from './values.ts'

/** The JSON text of a result and, when wanted, where its parts come from. */
export interface Manifest {
  text: string
  places: PlaceTable | undefined
}

/** Places of a value and all its parts, each before its own parts, object fields in the order of their names. */
export interface PlaceTable {
  places: Place[]
  /** How many entries a value takes with its parts. */
  sizes: number[]
}

/** Evaluates a value to its ends and writes it as go-jsonnet does. */
export function manifest(value: Value, origin: Place | undefined, limits: EvaluationLimits): Manifest {
  const writer = new Writer(limits, origin)
  writer.write(value, '\n', origin, false)
  const text = `${writer.text}\n`
  const { outputBytes } = limits
  if (outputBytes !== undefined && Buffer.byteLength(text) > outputBytes) tooLarge(outputBytes, origin)
  return { text, places: writer.table }
}

function tooLarge(outputBytes: number, place: Place | undefined): never {
  throw new RuntimeFailure(`result is larger than ${outputBytes} bytes`, currentTrace(place), 'limit')
}

class Writer {
  text = ''
  readonly table: PlaceTable | undefined
  readonly #origin: Place | undefined
  readonly #bytesMax: number
  readonly #depthMax: number
  #depth = 0

  constructor(limits: EvaluationLimits, origin: Place | undefined) {
    this.table = machine.keepPlaces ? { places: [], sizes: [] } : undefined
    this.#origin = origin
    this.#bytesMax = limits.outputBytes ?? Number.POSITIVE_INFINITY
    this.#depthMax = limits.outputDepth ?? Number.POSITIVE_INFINITY
  }

  /** `newline` is a line end and the indentation of the value. Fields are known by their name, elements by what
   *  they are: of an object in an array, the place of its literal is the more telling one. */
  write(value: Value, newline: string, place: Place | undefined, isField: boolean): void {
    const row = this.table?.places.length ?? 0
    if (this.table !== undefined) {
      const own = isField ? place : (placeOf(value) ?? place)
      if (own !== undefined || this.#origin !== undefined) this.table.places.push((own ?? this.#origin) as Place)
      this.table.sizes.push(1)
    }
    const scalar = scalarText(value, place)
    if (scalar !== undefined) this.text += scalar
    else this.#writeComposite(value as JsonnetArray | JsonnetObject, newline, place)
    if (this.table !== undefined) this.table.sizes[row] = this.table.places.length - row
    if (this.text.length > this.#bytesMax) tooLarge(this.#bytesMax, place)
  }

  #writeComposite(value: JsonnetArray | JsonnetObject, newline: string, place: Place | undefined): void {
    tick()
    if (++this.#depth > this.#depthMax) {
      throw new RuntimeFailure(`result nests deeper than ${this.#depthMax}`, currentTrace(place), 'limit')
    }
    if (value instanceof JsonnetObject) this.#writeObject(value, newline, place)
    else this.#writeArray(value.elements, newline, value.place ?? place)
    this.#depth--
  }

  #writeObject(object: JsonnetObject, newline: string, place: Place | undefined): void {
    object.checkAsserts()
    const entries = object.shape.visible()
    if (entries.length === 0) {
      this.text += '{ }'
      return
    }
    const inner = `${newline}   `
    let separator = '{'
    for (const entry of entries) {
      const from = entry.member.place ?? place
      const value = object.value(entry)
      this.text += `${separator}${inner}${escapeJson(entry.name)}: `
      this.write(value, inner, from, entry.member.place !== undefined)
      separator = ','
    }
    this.text += `${newline}}`
  }

  #writeArray(elements: readonly Slot[], newline: string, place: Place | undefined): void {
    if (elements.length === 0) {
      this.text += '[ ]'
      return
    }
    const inner = `${newline}   `
    let separator = '['
    for (const element of elements) {
      const from = element instanceof Thunk ? (element.place ?? place) : place
      const value = element instanceof Thunk ? element.force() : element
      this.text += separator + inner
      this.write(value, inner, from, false)
      separator = ','
    }
    this.text += `${newline}]`
  }
}

function placeOf(value: Value): Place | undefined {
  return value instanceof JsonnetObject ? value.place : undefined
}
