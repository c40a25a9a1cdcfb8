export type TokenKind =
  | '{'
  | '}'
  | '['
  | ']'
  | ','
  | '$'
  | '.'
  | '('
  | ')'
  | ';'
  | 'IDENTIFIER'
  | 'NUMBER'
  | 'OPERATOR'
  | 'STRING_BLOCK'
  | 'STRING_DOUBLE'
  | 'STRING_SINGLE'
  | 'VERBATIM_STRING_DOUBLE'
  | 'VERBATIM_STRING_SINGLE'
  | Keyword
  | 'end of file'

const keywords = [
  'assert',
  'else',
  'error',
  'false',
  'for',
  'function',
  'if',
  'import',
  'importstr',
  'importbin',
  'in',
  'local',
  'null',
  'self',
  'super',
  'tailstrict',
  'then',
  'true',
] as const

export type Keyword = (typeof keywords)[number]

const keywordSet: ReadonlySet<string> = new Set(keywords)

export function isKeyword(word: string): word is Keyword {
  return keywordSet.has(word)
}

export interface Token {
  kind: TokenKind
  /** What the token says: of strings the inside with escapes unresolved, of the end of file nothing. */
  text: string
  start: number
  end: number
}

const kindsWithContent: ReadonlySet<string> = new Set([
  'IDENTIFIER',
  'NUMBER',
  'OPERATOR',
  'STRING_BLOCK',
  'STRING_DOUBLE',
  'STRING_SINGLE',
  'VERBATIM_STRING_DOUBLE',
  'VERBATIM_STRING_SINGLE',
])

/** The token as messages show it: `(IDENTIFIER, "x")`, `"}"`, `end of file`. */
export function describeToken(token: Token): string {
  if (token.text === '') return describeKind(token.kind)
  return kindsWithContent.has(token.kind) ? `(${token.kind}, "${token.text}")` : `"${token.text}"`
}

/** A kind as messages show it: symbols quoted, the others bare. */
export function describeKind(kind: TokenKind): string {
  return kind.length === 1 ? `"${kind}"` : kind
}

export function isStringKind(kind: TokenKind): boolean {
  return kind.startsWith('STRING_') || kind.startsWith('VERBATIM_')
}
