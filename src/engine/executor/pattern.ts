import { AgolaError } from '../model/errors.ts'

/** One place in a pattern; matching follows all of them at the same time, so its time is linear in the name. */
type State =
  | { kind: 'char'; code: number; next: number }
  | { kind: 'class'; negated: boolean; ranges: [number, number][]; next: number }
  /** Any one character but `/`. */
  | { kind: 'any'; next: number }
  /** Any characters but `/`, also none. */
  | { kind: 'star'; next: number }
  /** Any number of whole components, also none. */
  | { kind: 'components'; next: number }
  | { kind: 'fork'; next: number[] }
  /** Everything below. */
  | { kind: 'rest' }
  | { kind: 'bad'; message: string /** Only noticed when there is something left to match. */; needsName: boolean }
  | { kind: 'end' }

const slash = 47

/** A pattern of `paths` (spec/executor.md 11.2): `/` separates, `*`, `**` as a component, `?`, `[a-z]`, `{a,b}`, `\x`.
 *  Paths are relative and clean; nothing in a pattern is normalised. */
export class Pattern {
  readonly text: string
  readonly #states: State[] = []
  readonly #start: number

  constructor(text: string) {
    this.text = text
    this.#start = new PatternCompiler(this.#states).compile([...text])
  }

  /** `patternInvalid` when matching reaches a malformed part; a malformed part that no name reaches goes unnoticed. */
  matches(path: string): boolean {
    let active = new Set<number>()
    const bad = { message: '' }
    this.#enter(this.#start, active, path.length > 0, bad)
    for (let index = 0; index < path.length && active.size > 0; ) {
      const code = path.codePointAt(index) ?? 0
      index += code > 0xffff ? 2 : 1
      const following = new Set<number>()
      for (const id of active) this.#advance(id, code, following, index < path.length, bad)
      active = following
    }
    for (const id of active) {
      const { kind } = this.#states[id] as State
      if (kind === 'end' || kind === 'rest') return true
    }
    if (bad.message === '') return false
    throw new AgolaError('patternInvalid', `pattern "${this.text}": ${bad.message}`, { details: { path } })
  }

  /** The longest directory or file that every match equals or lies below; null when nothing can ever match.
   *  '' : the matches may lie anywhere. */
  literalPrefix(): string | null {
    const parts: string[] = []
    for (const component of this.text.split('/')) {
      if (/[*?[{\\]/.test(component)) return parts.join('/')
      if (component === '' || component === '.' || component === '..') return null
      parts.push(component)
    }
    return parts.join('/')
  }

  /** Adds a state and those that are reached from it without taking a character. */
  #enter(first: number, active: Set<number>, hasName: boolean, bad: { message: string }): void {
    const entered = [first]
    for (let id = entered.pop(); id !== undefined; id = entered.pop()) {
      if (active.has(id)) continue
      active.add(id)
      const state = this.#states[id] as State
      if (state.kind === 'star' || state.kind === 'components') entered.push(state.next)
      else if (state.kind === 'fork') entered.push(...state.next)
      else if (state.kind === 'bad' && (hasName || !state.needsName)) bad.message = state.message
    }
  }

  #advance(id: number, code: number, active: Set<number>, hasName: boolean, bad: { message: string }): void {
    const state = this.#states[id] as State
    switch (state.kind) {
      case 'char':
        if (state.code === code) this.#enter(state.next, active, hasName, bad)
        return
      case 'class':
        if (code !== slash && state.ranges.some(([low, high]) => low <= code && code <= high) !== state.negated)
          this.#enter(state.next, active, hasName, bad)
        return
      case 'any':
        if (code !== slash) this.#enter(state.next, active, hasName, bad)
        return
      case 'star':
        if (code !== slash) this.#enter(id, active, hasName, bad)
        return
      case 'components':
        // What follows may begin at the start of a component only.
        if (code === slash) this.#enter(id, active, hasName, bad)
        else active.add(id)
        return
      case 'rest':
        active.add(id)
        return
      default:
        return
    }
  }
}

/** Turns pattern text into states, from its end to its start, so that each state knows what follows. */
class PatternCompiler {
  readonly #states: State[]

  constructor(states: State[]) {
    this.#states = states
  }

  compile(text: string[]): number {
    return this.#sequence(text, this.#add({ kind: 'end' }), true, true)
  }

  #add(state: State): number {
    return this.#states.push(state) - 1
  }

  /** `atStart`: a component begins with the text. `open`: what `next` stands for begins with the end or with `/`. */
  #sequence(text: string[], next: number, atStart: boolean, open: boolean): number {
    const parts: Part[] = []
    for (let at = 0, starts = atStart; at < text.length; ) {
      const part = this.#part(text, at, starts, open)
      parts.push(part)
      at = part.end
      starts = part.startsComponent ?? false
    }
    return parts.reduceRight((following, part) => part.add(following), next)
  }

  #part(text: string[], from: number, atStart: boolean, open: boolean): Part {
    const char = text[from] ?? ''
    switch (char) {
      case '*':
        return this.#stars(text, from, atStart, open)
      case '?':
        return { end: from + 1, add: (next) => this.#add({ kind: 'any', next }) }
      case '[':
        return this.#class(text, from)
      case '{':
        return this.#alternatives(text, from, open)
      case '\\': {
        const escaped = text[from + 1]
        if (escaped === undefined) return this.#bad(text, '"\\" at the end escapes nothing', true)
        return { end: from + 2, add: (next) => this.#add({ kind: 'char', code: codeOf(escaped), next }) }
      }
      default: {
        const add = (next: number) => this.#add({ kind: 'char', code: codeOf(char), next })
        return { end: from + 1, startsComponent: char === '/', add }
      }
    }
  }

  /** Nothing behind it counts. */
  #bad(text: string[], message: string, needsName: boolean): Part {
    return { end: text.length, add: () => this.#add({ kind: 'bad', message, needsName }) }
  }

  #stars(text: string[], from: number, atStart: boolean, open: boolean): Part {
    let end = from
    while (text[end] === '*') end += 1
    const isComponent = atStart && end - from === 2
    if (isComponent && text[end] === '/') {
      return { end: end + 1, startsComponent: true, add: (next) => this.#add({ kind: 'components', next }) }
    }
    if (isComponent && end === text.length && open) return { end, add: () => this.#add({ kind: 'rest' }) }
    return { end, add: (next) => this.#add({ kind: 'star', next }) }
  }

  #class(text: string[], from: number): Part {
    const end = closing(text, from + 1, ']')
    if (end === -1) return this.#bad(text, '"[" without "]"', true)
    const parsed = parseClass(text.slice(from + 1, end))
    if (parsed === undefined) {
      const found = text.slice(from, end + 1).join('')
      return this.#bad(text, `"${found}" is no character class; write "\\-" and "\\]" for themselves`, true)
    }
    return { end: end + 1, add: (next) => this.#add({ kind: 'class', ...parsed, next }) }
  }

  #alternatives(text: string[], from: number, open: boolean): Part {
    const parts = splitAlternatives(text, from + 1)
    if (parts === undefined) return this.#bad(text, '"{" without "}"', false)
    const following = text[parts.end + 1]
    const opens = following === undefined ? open : following === '/'
    // "**" at the start of an alternative is no component of its own; after a "/" inside the alternative it is.
    const add = (after: number) => {
      const next = parts.alternatives.map((part) => this.#sequence(part, after, false, opens))
      return this.#add({ kind: 'fork', next })
    }
    return { end: parts.end + 1, add }
  }
}

/** A piece of a pattern's text. */
interface Part {
  /** Where the next one begins. */
  end: number
  /** Whether a component begins there. */
  startsComponent?: boolean
  /** Adds its state before the state that follows it, and returns which it is. */
  add(next: number): number
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0
}

/** Index of the first `mark` that no backslash escapes; -1 when there is none in this component. */
function closing(text: string[], from: number, mark: string): number {
  for (let index = from; index < text.length && text[index] !== '/'; index++) {
    if (text[index] === '\\') index += 1
    else if (text[index] === mark) return index
  }
  return -1
}

function parseClass(chars: string[]): { negated: boolean; ranges: [number, number][] } | undefined {
  const negated = chars[0] === '^'
  const ranges: [number, number][] = []
  let index = negated ? 1 : 0
  const take = (): number | undefined => {
    const char = chars[index++]
    if (char === undefined || char === '-') return undefined
    if (char !== '\\') return codeOf(char)
    const escaped = chars[index++]
    return escaped === undefined ? undefined : codeOf(escaped)
  }
  while (index < chars.length) {
    const low = take()
    if (low === undefined) return undefined
    let high = low
    if (chars[index] === '-') {
      index += 1
      const found = take()
      if (found === undefined) return undefined
      high = found
    }
    ranges.push([low, high])
  }
  return ranges.length === 0 ? undefined : { negated, ranges }
}

/** The alternatives of a brace whose text begins at `from`, and the index of its `}`; undefined when that is missing. */
function splitAlternatives(text: string[], from: number): { alternatives: string[][]; end: number } | undefined {
  const alternatives: string[][] = []
  let depth = 0
  let start = from
  for (let index = from; index < text.length; index++) {
    const char = text[index]
    if (char === '\\') index += 1
    else if (char === '{') depth += 1
    else if (char === ',' && depth === 0) {
      alternatives.push(text.slice(start, index))
      start = index + 1
    } else if (char === '}' && depth > 0) depth -= 1
    else if (char === '}') return { alternatives: [...alternatives, text.slice(start, index)], end: index }
  }
  return undefined
}
