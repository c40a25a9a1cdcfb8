import { lexNumber } from './lex-number.ts'
import { lexTextBlock } from './lex-text-block.ts'
import { LexerState } from './lexer-state.ts'
import { quoteRune } from './quote-rune.ts'
import type { Source } from './source.ts'
import { isKeyword, type Token, type TokenKind } from './token.ts'

const operatorCharacters = '!$:~+-&|^=<>*/%'
const symbols = '{}[],.();'

/** All tokens of a source, the last of which is the end of file. */
export function lex(source: Source): Token[] {
  return new Lexer(source).run()
}

class Lexer extends LexerState {
  /** Where the run of operator characters ends that was met last, and where its last one that is no sign ends. */
  #runEnd = 0
  #runSolidEnd = 0

  run(): Token[] {
    for (;;) {
      this.#skipSpaceAndComments()
      if (this.at >= this.text.length) break
      this.#lexToken()
    }
    this.emit('end of file', '', this.at)
    return this.tokens
  }

  #lexToken(): void {
    const start = this.at
    const char = this.text.charAt(start)
    if (symbols.includes(char)) {
      this.at++
      this.emit(char as TokenKind, char, start)
    } else if (isIdentifierStart(this.text.charCodeAt(start))) this.#lexIdentifier()
    else if (char >= '0' && char <= '9') lexNumber(this)
    else if (char === '"') this.#lexString(char, 'STRING_DOUBLE')
    else if (char === "'") this.#lexString(char, 'STRING_SINGLE')
    else if (char === '@') this.#lexVerbatim()
    else if (operatorCharacters.includes(char)) this.#lexOperator()
    else this.fail(`Could not lex the character ${quoteRune(this.text.codePointAt(start))}`, start)
  }

  #lexIdentifier(): void {
    const start = this.at
    while (isIdentifierPart(this.text.charCodeAt(this.at))) this.at++
    const word = this.text.slice(start, this.at)
    this.emit(isKeyword(word) ? word : 'IDENTIFIER', word, start)
  }

  #lexString(quote: string, kind: TokenKind): void {
    const start = this.at
    for (let at = start + 1; at < this.text.length; at++) {
      const char = this.text[at]
      if (char === '\\') at++
      else if (char === quote) {
        this.at = at + 1
        this.emit(kind, this.text.slice(start + 1, at), start)
        return
      }
    }
    this.fail('Unterminated String', start)
  }

  #lexVerbatim(): void {
    const start = this.at
    const quote = this.text[start + 1]
    if (quote !== '"' && quote !== "'") {
      this.fail(`Couldn't lex verbatim string, junk after '@': ${this.text.codePointAt(start + 1) ?? -1}`, start)
    }
    let content = ''
    for (let from = start + 2; ; ) {
      const end = this.text.indexOf(quote, from)
      if (end < 0) this.fail('Unterminated String', start)
      content += this.text.slice(from, end)
      if (this.text[end + 1] !== quote) {
        this.at = end + 1
        this.emit(quote === '"' ? 'VERBATIM_STRING_DOUBLE' : 'VERBATIM_STRING_SINGLE', content, start)
        return
      }
      content += quote
      from = end + 2
    }
  }

  /** Operators are as long as can be, but never swallow a comment or a text block, nor end with a sign. */
  #lexOperator(): void {
    const start = this.at
    if (this.text.startsWith('|||', start)) {
      lexTextBlock(this)
      return
    }
    if (start >= this.#runEnd) this.#measureRun(start)
    this.at = Math.max(start + 1, this.#runSolidEnd)
    const operator = this.text.slice(start, this.at)
    this.emit(operator === '$' ? '$' : 'OPERATOR', operator, start)
  }

  /** Looks over a run of operator characters once, however many operators it turns out to be. */
  #measureRun(start: number): void {
    let end = start + 1
    while (end < this.text.length && operatorCharacters.includes(this.text.charAt(end))) {
      if (/^(\/[/*]|\|\|\|)/.test(this.text.slice(end, end + 3))) break
      end++
    }
    this.#runEnd = end
    while (end > start && '+-~!$'.includes(this.text.charAt(end - 1))) end--
    this.#runSolidEnd = end
  }

  #skipSpaceAndComments(): void {
    for (;;) {
      const char = this.text.charCodeAt(this.at)
      if (char === 32 || char === 9 || char === 10 || char === 13) this.at++
      else if (char === 35 || this.text.startsWith('//', this.at)) this.#skipLine()
      else if (char === 47 && this.text[this.at + 1] === '*') this.#skipBlockComment()
      else return
    }
  }

  #skipLine(): void {
    const end = this.text.indexOf('\n', this.at)
    this.at = end < 0 ? this.text.length : end
  }

  #skipBlockComment(): void {
    const end = this.text.indexOf('*/', this.at + 2)
    if (end < 0) this.fail('Multi-line comment has no terminating */', this.at)
    this.at = end + 2
  }
}

function isIdentifierStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95
}

function isIdentifierPart(code: number): boolean {
  return isIdentifierStart(code) || (code >= 48 && code <= 57)
}
