import type { CST } from 'yaml'

type Yaml = typeof import('yaml')

/** What the library's parser makes of a text before its composer, which calls itself for each level, gets to see it. */
export interface YamlTokens {
  /** Those of the first document. */
  tokens: CST.Token[]
  /** Where a second document starts; null: there is none. */
  nextDocument: number | null
  /** Where the first list or object stands that nests too deep; the tokens end there. */
  tooDeep: number | null
  /** The depth comes from mistakes of syntax, which the tokens show. */
  isMisnested: boolean
  /** Where quotes open that nothing closes. */
  openQuotes: number[]
}

const collections: readonly string[] = ['block-map', 'block-seq', 'flow-collection']

/** The tokens of the first document, down to a depth of `depthMax`. Throws a RangeError only for what is hopelessly deep. */
export function readTokens(yaml: Yaml, text: string, depthMax: number): YamlTokens {
  const read: YamlTokens = { tokens: [], nextDocument: null, tooDeep: null, isMisnested: false, openQuotes: [] }
  const parser = new yaml.Parser()
  let hasDocument = false
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (isOpenQuote(lexeme)) read.openQuotes.push(parser.offset)
    for (const token of parser.next(lexeme)) {
      read.tokens.push(token)
      hasDocument ||= token.type === 'document'
    }
    const [open] = parser.stack
    if (hasDocument && open?.type === 'document') return { ...read, nextDocument: open.offset }
    const nested = parser.stack.length > depthMax ? parser.stack.filter(({ type }) => collections.includes(type)) : []
    read.tooDeep = nested[depthMax]?.offset ?? null
    if (read.tooDeep === null) continue
    read.isMisnested = nested.some((token, index) => isSecondKey(token, nested[index - 1]))
    break
  }
  read.tokens.push(...parser.end())
  return read
}

/** After `a: b: c` the parser nests an object at the indent of the one around it, again with each such line. */
function isSecondKey(token: CST.Token, around: CST.Token | undefined): boolean {
  return token.type === 'block-map' && around?.type === 'block-map' && token.indent === around.indent
}

function isOpenQuote(lexeme: string): boolean {
  const quote = lexeme[0]
  return (quote === '"' || quote === "'") && (lexeme.length === 1 || !lexeme.endsWith(quote))
}
