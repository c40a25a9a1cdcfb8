/** Why a text is no JSON, or no JSON that a config may be. */
export interface JsonProblem {
  code: 'syntax' | 'duplicate_key' | 'too_deep'
  message: string
  /** In units of UTF-16. */
  offset: number
}

export interface ParsedJson {
  value: unknown
  /** Why there is no value; null: there is one. */
  problem: JsonProblem | null
  /** Keys that are given again: the value has the last ones. */
  duplicates: JsonProblem[]
}

/** Offsets of a value, of the key that it stands under, and of what is in it. */
export interface JsonSpan {
  keyStart: number
  start: number
  end: number
  children: Map<string | number, JsonSpan> | null
}

export const duplicateHint = 'keep one of them; the reference takes the last'

const depthMax = 100
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const wordPattern = /[A-Za-z0-9_$.+-]+/y

/** JSON as RFC 8259 has it; keys that are not unique are told. */
export function parseJson(text: string): ParsedJson {
  const reader = new JsonReader(text, null)
  const { duplicates } = reader
  try {
    return { value: reader.document(), problem: null, duplicates }
  } catch (error) {
    if (error instanceof JsonStop) return { value: undefined, problem: error.problem, duplicates }
    throw error
  }
}

/** Where everything stands in a text that `parseJson` took. */
export function spansOfJson(text: string): JsonSpan {
  const root: JsonSpan = { keyStart: 0, start: 0, end: text.length, children: null }
  new JsonReader(text, root).document()
  return root
}

class JsonStop extends Error {
  readonly problem: JsonProblem
  constructor(problem: JsonProblem) {
    super(problem.message)
    this.problem = problem
  }
}

class JsonReader {
  readonly duplicates: JsonProblem[] = []
  readonly #text: string
  /** The span of the value that is being read, while spans are wanted. */
  #span: JsonSpan | null
  #at = 0
  #depth = 0

  constructor(text: string, root: JsonSpan | null) {
    this.#text = text
    this.#span = root
  }

  document(): unknown {
    this.#skipBlanks()
    if (this.#span !== null) this.#span.start = this.#at
    const value = this.#value()
    this.#skipBlanks()
    if (this.#at < this.#text.length) this.#fail('there is more after the end of the document')
    return value
  }

  #child(key: string | number, keyStart: number): unknown {
    this.#skipBlanks()
    const parent = this.#span
    if (parent === null) return this.#value()
    const span: JsonSpan = { keyStart, start: this.#at, end: this.#at, children: null }
    parent.children ??= new Map()
    parent.children.set(key, span)
    this.#span = span
    const value = this.#value()
    span.end = this.#at
    this.#span = parent
    return value
  }

  #value(): unknown {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object())
      case '[':
        return this.#nested(() => this.#array())
      case '"':
        return this.#string()
      default:
        return this.#word()
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > depthMax) this.#fail(`lists and objects nest more than ${depthMax} deep`, 'too_deep')
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(): unknown {
    const object: Record<string, unknown> = {}
    this.#skipBlanks()
    if (this.#take('}')) return object
    do {
      this.#skipBlanks()
      const keyStart = this.#at
      if (this.#text[keyStart] !== '"') this.#fail('a key in double quotes is expected here')
      const key = this.#string()
      if (Object.hasOwn(object, key)) {
        const message = `the key ${JSON.stringify(key)} is given twice`
        this.duplicates.push({ code: 'duplicate_key', message, offset: keyStart })
      }
      this.#skipBlanks()
      if (!this.#take(':')) this.#fail('a : is expected after the key')
      const value = this.#child(key, keyStart)
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      else object[key] = value
      this.#skipBlanks()
    } while (this.#take(','))
    if (!this.#take('}')) this.#fail('a , or } is expected here')
    return object
  }

  #array(): unknown {
    const array: unknown[] = []
    this.#skipBlanks()
    if (this.#take(']')) return array
    do {
      this.#skipBlanks()
      array.push(this.#child(array.length, this.#at))
      this.#skipBlanks()
    } while (this.#take(','))
    if (!this.#take(']')) this.#fail('a , or ] is expected here')
    return array
  }

  #string(): string {
    const text = this.#match(stringPattern)
    if (text === null) this.#fail('the string has no end, or has an unescaped line end or control character in it')
    if (!text.includes('\\')) return text.slice(1, -1)
    try {
      return String(JSON.parse(text))
    } catch (error) {
      this.#fail(
        `the string has a wrong escape in it (${error instanceof Error ? error.message : error})`,
        'syntax',
        this.#at - text.length,
      )
    }
  }

  #word(): unknown {
    const start = this.#at
    const number = this.#match(numberPattern)
    if (number !== null) {
      if (this.#match(wordPattern) !== null) this.#fail('this is no number', 'syntax', start)
      return Number(number)
    }
    const word = this.#match(wordPattern)
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    if (word !== null) this.#fail(`${JSON.stringify(word)} is no JSON value; text needs double quotes`, 'syntax', start)
    return this.#fail(this.#at >= this.#text.length ? 'the document ends too early' : 'a value is expected here')
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0] ?? null
    if (text !== null) this.#at += text.length
    return text
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #fail(message: string, code: JsonProblem['code'] = 'syntax', offset = this.#at): never {
    throw new JsonStop({ code, message, offset })
  }
}
