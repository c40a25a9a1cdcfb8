import { charge, enterFrame, fail, machine } from './machine.ts'
import { mergeShapes, type Shape, shapeOfMembers } from './shape.ts'
import type { Place } from './source.ts'
import { didYouMean } from './suggest.ts'
import { type Code, type Entry, type Env, JsonnetObject, type Member, type Slot, type Value } from './values.ts'

/** What all objects made by one literal share. */
export interface LayerPlan {
  layout: { size: number }
  locals: readonly { slot: number; make: (env: Env) => Slot }[]
  asserts: readonly Code[]
  place: Place | undefined
}

/** One object literal within a sum of objects. */
export interface Layer {
  plan: LayerPlan
  /** The environment of the literal. */
  env: Env
  shape: Shape
  /** In comprehensions each field has the environment of its own round. */
  memberEnvs: ReadonlyMap<string, Env> | undefined
}

/** Layers, leftmost first. A sum stays a tree until somebody looks, so that adding is cheap. */
export class LayeredObject extends JsonnetObject {
  #layers: readonly Layer[] | undefined
  #parts: readonly [LayeredObject, LayeredObject] | undefined
  #shape: Shape | undefined
  #values: (Value | undefined)[] = []
  #envs: Env[] | undefined
  #superValues: Map<string, Value> | undefined
  #isChecked = false

  private constructor(layer: Layer | undefined, parts: readonly [LayeredObject, LayeredObject] | undefined) {
    super()
    if (layer !== undefined) {
      this.#layers = [layer]
      this.#shape = layer.shape
    }
    this.#parts = parts
    charge(256)
  }

  static of(layer: Layer): LayeredObject {
    return new LayeredObject(layer, undefined)
  }

  override extend(right: JsonnetObject): JsonnetObject {
    return new LayeredObject(undefined, [this, right as LayeredObject])
  }

  override without(name: string): JsonnetObject {
    const layers = this.layers.map((layer) => {
      const members = [...layer.shape.byName.values()].map((entry) => entry.member)
      const kept = members.filter((member) => member.name !== name)
      return LayeredObject.of({
        ...layer,
        plan: { ...layer.plan, asserts: [] },
        shape: shapeOfMembers(kept, false, false),
      })
    })
    return layers.reduce((left, right) => new LayeredObject(undefined, [left, right]))
  }

  get layers(): readonly Layer[] {
    this.#layers ??= this.#flatten()
    return this.#layers
  }

  override get shape(): Shape {
    this.#shape ??= this.#findShape()
    return this.#shape
  }

  override get place(): Place | undefined {
    return this.layers.at(-1)?.plan.place
  }

  override index(name: string, place?: Place): Value {
    if (!this.#isChecked) this.checkAsserts()
    const entry = this.shape.byName.get(name)
    if (entry === undefined) {
      const names = this.shape.all().map((other) => other.name)
      return fail(`Field does not exist: ${name}`, place, didYouMean(name, names))
    }
    return this.value(entry, place)
  }

  override value(entry: Entry, place?: Place): Value {
    const known = this.#values[entry.slot]
    if (known !== undefined) return known
    const value = this.#evaluate(entry.member, entry.layer, place)
    this.#values[entry.slot] = value
    return value
  }

  override has(name: string): boolean {
    return this.shape.byName.has(name)
  }

  override indexSuper(name: string, from: number, place: Place | undefined): Value {
    if (!this.#isChecked) this.checkAsserts()
    if (from === 0) fail('Attempt to use super when there is no super class.', place)
    const at = this.#findBelow(name, from)
    if (at < 0) {
      const names = this.layers.slice(0, from).flatMap((layer) => [...layer.shape.byName.keys()])
      return fail(`Field does not exist: ${name}`, place, didYouMean(name, names))
    }
    const key = `${at} ${name}`
    const known = this.#superValues?.get(key)
    if (known !== undefined) return known
    const member = this.#memberAt(name, at)
    const value = this.#evaluate(member, at, place)
    this.#superValues ??= new Map()
    this.#superValues.set(key, value)
    return value
  }

  override hasSuper(name: string, from: number): boolean {
    return this.#findBelow(name, from) >= 0
  }

  override checkAsserts(): void {
    if (this.#isChecked) return
    this.#isChecked = true
    if (!this.shape.hasAsserts) return
    try {
      for (let at = this.layers.length - 1; at >= 0; at--) {
        for (const assert of this.layers[at]?.plan.asserts ?? []) {
          const { depth } = machine
          enterFrame()
          assert(this.#envOf(at))
          machine.depth = depth
        }
      }
    } catch (error) {
      this.#isChecked = false
      throw error
    }
  }

  #evaluate(member: Member, layer: number, place: Place | undefined): Value {
    const own = member.constant === undefined ? this.#evaluateCode(member, layer, place) : member.constant
    if (member.plus === undefined || this.#findBelow(member.name, layer) < 0) return own
    return member.plus(this.indexSuper(member.name, layer, member.place), own)
  }

  #evaluateCode(member: Member, layer: number, place: Place | undefined): Value {
    const { depth, trimmable, top } = machine
    if (place !== undefined) {
      machine.places[top] = place
      machine.top = top + 1
    }
    enterFrame(place)
    machine.trimmable = false
    const value = member.code(this.#envOf(layer, member.name))
    machine.depth = depth
    machine.trimmable = trimmable
    machine.top = top
    return value
  }

  #memberAt(name: string, layer: number): Member {
    const member = this.layers[layer]?.shape.byName.get(name)?.member
    if (member === undefined) throw new Error(`no field ${name} in layer ${layer}`)
    return member
  }

  #findBelow(name: string, from: number): number {
    for (let at = from - 1; at >= 0; at--) if (this.layers[at]?.shape.byName.has(name)) return at
    return -1
  }

  #envOf(at: number, name?: string): Env {
    const layer = this.layers[at] as Layer
    if (layer.memberEnvs !== undefined && name !== undefined) {
      return makeLayerEnv(layer.plan, layer.memberEnvs.get(name) ?? layer.env, this, at)
    }
    this.#envs ??= []
    const known = this.#envs[at]
    if (known !== undefined) return known
    const env = makeLayerEnv(layer.plan, layer.env, this, at)
    this.#envs[at] = env
    return env
  }

  /** Iterative, because sums made by folding are as deep as the array is long. */
  #flatten(): Layer[] {
    const layers: Layer[] = []
    const pending: LayeredObject[] = [this]
    for (let object = pending.pop(); object !== undefined; object = pending.pop()) {
      if (object.#layers !== undefined) layers.push(...object.#layers.toReversed())
      else if (object.#parts !== undefined) pending.push(object.#parts[0], object.#parts[1])
    }
    this.#parts = undefined
    return layers.reverse()
  }

  #findShape(): Shape {
    const layers = this.layers
    const [first, second] = layers
    if (layers.length !== 2 || first === undefined || second === undefined) {
      return mergeShapes(layers.map((layer) => layer.shape))
    }
    const known = first.shape.merged.get(second.shape)
    if (known !== undefined) return known
    const shape = mergeShapes([first.shape, second.shape])
    if (shape.isShared) first.shape.merged.set(second.shape, shape)
    return shape
  }
}

function makeLayerEnv(plan: LayerPlan, outer: Env, self: JsonnetObject, layer: number): Env {
  const env: Env = new Array(plan.layout.size)
  env[0] = outer
  env[1] = self
  env[2] = layer
  for (const { slot, make } of plan.locals) env[slot] = make(env)
  return env
}
