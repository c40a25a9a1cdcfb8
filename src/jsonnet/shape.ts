import { compareStrings } from './strings.ts'
import type { Entry, Member, ObjectShape } from './values.ts'

/** The fields of an object, shared by all objects that are made of the same layers. */
export class Shape implements ObjectShape {
  readonly byName: ReadonlyMap<string, Entry>
  readonly hasAsserts: boolean
  /** Belongs to the program, not to one object: what is derived from it is worth keeping. */
  readonly isShared: boolean
  readonly merged = new Map<Shape, Shape>()
  #all: readonly Entry[] | undefined
  #visible: readonly Entry[] | undefined

  constructor(byName: ReadonlyMap<string, Entry>, hasAsserts: boolean, isShared: boolean) {
    this.byName = byName
    this.hasAsserts = hasAsserts
    this.isShared = isShared
  }

  all(): readonly Entry[] {
    this.#all ??= [...this.byName.values()].sort((a, b) => compareStrings(a.name, b.name))
    return this.#all
  }

  visible(): readonly Entry[] {
    this.#visible ??= this.all().filter((entry) => entry.visibility !== 'hidden')
    return this.#visible
  }
}

export function shapeOfMembers(members: Iterable<Member>, hasAsserts: boolean, isShared: boolean): Shape {
  const byName = new Map<string, Entry>()
  for (const member of members) {
    const { name, visibility } = member
    byName.set(name, { name, slot: byName.size, layer: 0, member, visibility })
  }
  return new Shape(byName, hasAsserts, isShared)
}

/** The shapes of layers, leftmost first, as one: the right wins, but inherits whether a field is hidden. */
export function mergeShapes(shapes: readonly Shape[]): Shape {
  const byName = new Map<string, Entry>()
  shapes.forEach((shape, layer) => {
    for (const [name, { member }] of shape.byName) {
      const left = byName.get(name)
      const visibility = member.visibility === 'inherit' ? (left?.visibility ?? 'inherit') : member.visibility
      byName.set(name, { name, slot: left?.slot ?? byName.size, layer, member, visibility })
    }
  })
  const hasAsserts = shapes.some((shape) => shape.hasAsserts)
  return new Shape(byName, hasAsserts, shapes.length <= 8 && shapes.every((shape) => shape.isShared))
}
