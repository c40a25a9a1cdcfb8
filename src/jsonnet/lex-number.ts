import type { LexerState } from './lexer-state.ts'
import { quoteRune } from './quote-rune.ts'

/** A number as in JSON, without sign; digits may be parted by single underscores. */
export function lexNumber(lexer: LexerState): void {
  const start = lexer.at
  if (peek(lexer) === '0') lexer.at++
  else digits(lexer)
  underscores(lexer)
  if (peek(lexer) === '.') {
    lexer.at++
    need(lexer, 'decimal point')
    digits(lexer)
    underscores(lexer)
  }
  if (peek(lexer) === 'e' || peek(lexer) === 'E') exponent(lexer)
  lexer.emit('NUMBER', lexer.text.slice(start, lexer.at).replaceAll('_', ''), start)
}

function exponent(lexer: LexerState): void {
  lexer.at++
  if (peek(lexer) === '+' || peek(lexer) === '-') {
    lexer.at++
    need(lexer, 'exponent sign')
  } else need(lexer, "'E'")
  digits(lexer)
  underscores(lexer)
}

/** Further groups of digits, an underscore before each. */
function underscores(lexer: LexerState): void {
  while (peek(lexer) === '_') {
    lexer.at++
    if (peek(lexer) === '_') lexer.fail("Couldn't lex number, multiple consecutive _'s", lexer.at)
    need(lexer, "'_'")
    digits(lexer)
  }
}

function digits(lexer: LexerState): void {
  while (isDigit(peek(lexer))) lexer.at++
}

function need(lexer: LexerState, after: string): void {
  if (isDigit(peek(lexer))) return
  lexer.fail(`Couldn't lex number, junk after ${after}: ${quoteRune(lexer.text.codePointAt(lexer.at))}`, lexer.at)
}

function peek(lexer: LexerState): string {
  return lexer.text.charAt(lexer.at)
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}
