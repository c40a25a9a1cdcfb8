import { StaticFailure } from './failure.ts'
import { Place, type Source } from './source.ts'
import type { Token, TokenKind } from './token.ts'

/** How far a source has been read, from left to right; `at` is the offset of the next character. */
export class LexerState {
  readonly source: Source
  readonly text: string
  readonly tokens: Token[] = []
  at = 0

  constructor(source: Source) {
    this.source = source
    this.text = source.text
  }

  emit(kind: TokenKind, text: string, start: number): void {
    this.tokens.push({ kind, text, start, end: this.at })
  }

  fail(message: string, at: number): never {
    throw new StaticFailure(message, new Place(this.source, at, at))
  }
}
