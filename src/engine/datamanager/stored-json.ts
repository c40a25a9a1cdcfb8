import { AgolaError } from '../model/errors.ts'

/** An object read back from a store. `what` names it in the error when it is damaged. */
export class StoredRecord {
  readonly #fields: Record<string, unknown>
  readonly #what: string

  constructor(value: unknown, what: string) {
    this.#what = what
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(what, 'it is no JSON object')
    this.#fields = { ...value }
  }

  static parse(bytes: Uint8Array | string, what: string): StoredRecord {
    try {
      return new StoredRecord(JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()), what)
    } catch (error) {
      throw error instanceof SyntaxError ? damaged(what, 'it is no JSON', error) : error
    }
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null
  }

  text(name: string, otherwise?: string): string {
    const value = this.#fields[name] ?? otherwise
    if (typeof value !== 'string') throw damaged(this.#what, `${name} is no text`)
    return value
  }

  number(name: string, otherwise?: number): number {
    const value = this.#fields[name] ?? otherwise
    if (typeof value !== 'number') throw damaged(this.#what, `${name} is no number`)
    return value
  }

  list(name: string): StoredRecord[] {
    const value = this.#fields[name] ?? []
    if (!Array.isArray(value)) throw damaged(this.#what, `${name} is no list`)
    return value.map((item) => new StoredRecord(item, this.#what))
  }

  /** The fields of an object, in its own order. */
  entries(name: string): [string, unknown][] {
    const value = this.#fields[name] ?? {}
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw damaged(this.#what, `${name} is no object`)
    return Object.entries(value)
  }
}

export function damaged(what: string, problem: string, cause?: unknown): AgolaError {
  return new AgolaError('storeUnusable', `${what} is damaged: ${problem}`, { cause })
}

/** JSON documents one after another, with or without line breaks between them: older stores have none. */
export function splitDocuments(text: string): string[] {
  const documents: string[] = []
  let start = 0
  while (start < text.length) {
    const end = documentEnd(text, start)
    const document = text.slice(start, end).trim()
    if (document !== '') documents.push(document)
    start = end
  }
  return documents
}

function documentEnd(text: string, start: number): number {
  const lineEnd = text.indexOf('\n', start)
  // A line break cannot stand inside of our documents; two of them can stand on one line.
  const end = lineEnd < 0 ? text.length : lineEnd + 1
  if (!text.slice(start, end).includes('}{')) return end
  let depth = 0
  let inText = false
  for (let at = start; at < end; at++) {
    const character = text[at]
    if (inText) {
      if (character === '\\') at++
      else if (character === '"') inText = false
    } else if (character === '"') inText = true
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return at + 1
  }
  return end
}
