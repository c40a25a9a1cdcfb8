import { templateError, unsupported } from './template-error.ts'

export type Token =
  | { kind: 'string'; value: string; at: number }
  | { kind: 'number'; value: number; at: number }
  | { kind: 'name'; value: string; at: number }
  | { kind: 'variable'; value: string; at: number }
  | { kind: 'mark'; value: '|' | '(' | ')' | ':=' | '='; at: number }

export type Section = { kind: 'text'; text: string } | { kind: 'action'; tokens: Token[]; at: number }

const blanks = /[ \t\r\n]/

/** Splits a template into text and actions. `{{- ` and ` -}}` take the white space beside them away. */
export function sectionsOf(template: string): Section[] {
  const sections: Section[] = []
  let position = 0
  let trimNext = false
  while (position <= template.length) {
    const open = template.indexOf('{{', position)
    const text = template.slice(position, open === -1 ? undefined : open)
    const trimsBefore = open !== -1 && template[open + 2] === '-' && blanks.test(template[open + 3] ?? '')
    const left = trimNext ? text.replace(/^[ \t\r\n]+/, '') : text
    const kept = trimsBefore ? left.replace(/[ \t\r\n]+$/, '') : left
    if (kept !== '') sections.push({ kind: 'text', text: kept })
    if (open === -1) break
    const action = new ActionLexer(template, open, open + (trimsBefore ? 3 : 2))
    sections.push({ kind: 'action', tokens: action.tokens(), at: open })
    trimNext = action.trimsAfter
    position = action.end
  }
  return sections
}

class ActionLexer {
  readonly #template: string
  readonly #start: number
  #position: number
  trimsAfter = false

  constructor(template: string, start: number, position: number) {
    this.#template = template
    this.#start = start
    this.#position = position
  }

  get end(): number {
    return this.#position
  }

  tokens(): Token[] {
    const tokens: Token[] = []
    for (;;) {
      if (this.#closes()) return tokens
      if (blanks.test(this.#char)) this.#position += 1
      else tokens.push(this.#token())
    }
  }

  get #char(): string {
    return this.#template[this.#position] ?? ''
  }

  #closes(): boolean {
    const rest = this.#template.slice(this.#position, this.#position + 4)
    if (rest === '') throw templateError(this.#template, this.#start, 'this action is never closed by "}}"')
    this.trimsAfter = /^[ \t\r\n]-}}$/.test(rest)
    if (!this.trimsAfter && !rest.startsWith('}}')) return false
    this.#position += this.trimsAfter ? 4 : 2
    return true
  }

  #token(): Token {
    const at = this.#position
    const char = this.#char
    if (char === '"') return { kind: 'string', value: this.#quoted(), at }
    if (char === '`') return { kind: 'string', value: this.#raw(), at }
    if (char === '|' || char === '(' || char === ')' || char === '=') {
      this.#position += 1
      return { kind: 'mark', value: char, at }
    }
    if (this.#template.startsWith(':=', at)) {
      this.#position += 2
      return { kind: 'mark', value: ':=', at }
    }
    return this.#word(at)
  }

  #word(at: number): Token {
    const word = /^(\$?[\p{L}_][\p{L}\p{N}_]*|[+-]?[0-9]+(?![\p{L}\p{N}_.]))/u.exec(this.#template.slice(at))?.[0]
    if (word === undefined) throw unsupported(this.#template, at, this.#nameOf(at))
    this.#position += word.length
    // A field or a method of what stands before it.
    if (this.#char === '.') throw unsupported(this.#template, this.#position, 'field access')
    if (word.startsWith('$')) return { kind: 'variable', value: word, at }
    if (!/^[+-]?[0-9]/.test(word)) return { kind: 'name', value: word, at }
    const value = Number(word)
    if (!Number.isSafeInteger(value)) throw templateError(this.#template, at, `the number ${word} is too large`)
    return { kind: 'number', value, at }
  }

  #nameOf(at: number): string {
    const rest = this.#template.slice(at)
    if (rest.startsWith('/*')) return 'a comment'
    if (rest.startsWith('.')) return 'data (".")'
    if (rest.startsWith("'")) return 'a character constant; write strings in double quotes'
    return JSON.stringify(/^\S+?(?=\s|}}|$)/.exec(rest)?.[0] ?? rest[0])
  }

  #raw(): string {
    const close = this.#template.indexOf('`', this.#position + 1)
    if (close === -1) throw templateError(this.#template, this.#position, 'this string is never closed')
    const text = this.#template.slice(this.#position + 1, close)
    this.#position = close + 1
    return text
  }

  #quoted(): string {
    const start = this.#position
    const match = /^"((?:[^"\\\n]|\\.)*)"/.exec(this.#template.slice(start))
    if (match === null) throw templateError(this.#template, start, 'this string is never closed')
    this.#position += match[0].length
    return (match[1] ?? '').replace(escapes, (text, offset: number) => this.#unescape(text, start + 1 + offset))
  }

  #unescape(text: string, at: number): string {
    const simple = simpleEscapes[text[1] ?? '']
    if (simple !== undefined && text.length === 2) return simple
    if (/^\\[xuU]./.test(text)) return String.fromCodePoint(Number.parseInt(text.slice(2), 16))
    throw templateError(this.#template, at, `the escape ${text} is unknown`)
  }
}

const escapes = /\\(?:x[0-7][0-9a-fA-F]|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|.)/g
const simpleEscapes: Record<string, string> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  '\\': '\\',
  '"': '"',
}
