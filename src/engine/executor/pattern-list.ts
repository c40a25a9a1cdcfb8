import { Pattern } from './pattern.ts'

/** A directory or file that is a match or can hold some; '' is everything. */
export interface MatchPlace {
  path: string
  /** How many levels below it a match can lie: 0 for the place itself, Infinity for all that is below. */
  depth: number
}

/** The patterns of one `paths` (spec/executor.md 11.2). Names are compared with them in their order, up to the first that matches. */
export class PatternList {
  readonly #texts: Set<string>
  /** Index of the first pattern with this text, of those that are plain names: lists of thousands of names are common. */
  readonly #names = new Map<string, number>()
  readonly #others: { index: number; pattern: Pattern }[] = []

  constructor(texts: readonly string[]) {
    this.#texts = new Set(texts)
    for (const [index, text] of texts.entries()) {
      const pattern = new Pattern(text)
      if (pattern.literalPrefix() !== pattern.text) this.#others.push({ index, pattern })
      else if (!this.#names.has(pattern.text)) this.#names.set(pattern.text, index)
    }
  }

  /** `patternInvalid` when matching reaches a malformed part of a pattern. */
  matches(path: string): boolean {
    const named = this.#names.get(path)
    for (const { index, pattern } of this.#others) {
      if (named !== undefined && named < index) return true
      if (pattern.matches(path)) return true
    }
    return named !== undefined
  }

  /** Where matches can lie. One place may be within another that is not as deep. */
  places(): MatchPlace[] {
    const places: MatchPlace[] = []
    /** Those that the next one may be within, each deeper than what it is within. */
    const around: MatchPlace[] = []
    for (const place of this.#placesInOrder()) {
      let last = around.at(-1)
      while (last !== undefined && !isWithin(place.path, last.path)) {
        around.pop()
        last = around.at(-1)
      }
      if (last !== undefined && last.depth + levelsOf(last.path) >= place.depth + levelsOf(place.path)) continue
      if (last?.path === place.path) last.depth = place.depth
      else {
        places.push(place)
        around.push(place)
      }
    }
    return places
  }

  /** Whether each name below a place matches. */
  takesAllBelow({ path }: MatchPlace): boolean {
    return this.#texts.has(path === '' ? '**' : `${path}/**`)
  }

  /** Those of all patterns that can match something, each directory directly before what lies below it. */
  #placesInOrder(): MatchPlace[] {
    const places = [...this.#texts].flatMap((text) => {
      const path = new Pattern(text).literalPrefix()
      // A slash sorts before all other characters: "a", "a/b", "a-b".
      return path === null ? [] : [{ path, depth: deepest(text) - levelsOf(path), order: path.replaceAll('/', '\0') }]
    })
    places.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    return places.map(({ path, depth }) => ({ path, depth }))
  }
}

function isWithin(path: string, place: string): boolean {
  return place === '' || path === place || path.startsWith(`${place}/`)
}

/** At least the components of the longest path that can match: each slash of an alternative is counted, whichever of them it is in. */
function deepest(text: string): number {
  return text.includes('**') ? Number.POSITIVE_INFINITY : text.split('/').length
}

function levelsOf(path: string): number {
  return path === '' ? 0 : path.split('/').length
}
