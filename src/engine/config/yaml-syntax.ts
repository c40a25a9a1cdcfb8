import type { YAMLError } from 'yaml'

/** A mistake of syntax in our words. */
export interface SyntaxProblem {
  message: string
  hint: string | null
  /** In units of UTF-16. */
  offset: number
}

type Found = Pick<YAMLError, 'message' | 'pos'>

interface Place {
  text: string
  offset: number
}

/** What a message of the library means to the author of a config; those that are not in the list are passed on. */
const explanations: [
  pattern: RegExp,
  explain: (place: Place, match: RegExpExecArray) => Omit<SyntaxProblem, 'offset'>,
][] = [
  [/^Nested mappings are not allowed/, explainNested],
  [/^Block collections are not allowed/, inBrackets],
  [/^Implicit (?:map )?keys need/, explainKey],
  [/^Plain value cannot start with .*(.)$/, (place, match) => startsWith(place, match[1] ?? '')],
  [/^Unexpected .* at node end$/, afterEnd],
  [/^Invalid escape sequence (.*)$/s, (_, match) => badEscape(match[1] ?? '')],
  [/^Tabs are not allowed/, always('tabs are not allowed as indentation', 'indent with spaces')],
  [
    /^All mapping items must/,
    always('this key is not in line with the keys above it', 'give all keys of an object the same indent'),
  ],
  [
    /^(?:All sequence items must|Sequence item without)/,
    always('this is not in line with the items of the list above it', 'start all items with "- " at the same indent'),
  ],
  [
    /^A block sequence may not be used/,
    always('a list stands where keys stand', 'indent the list below the key that it belongs to'),
  ],
  [
    /^Unexpected block-seq-ind/,
    always('a list cannot start on the line of its key', 'start the list on the next line; text needs quotes'),
  ],
  [/^Flow (sequence|map) /, (place, match) => unclosed(place, match[1] === 'map' ? '}' : ']')],
  [
    /^Missing , /,
    always('a , is missing here', 'put a , between the items; text with special characters needs quotes'),
  ],
  [
    /^(?:Comments must be separated)/,
    always('a # that starts a comment has a space before it', 'write a space before the #, or put the text in quotes'),
  ],
  [
    /^(?:Not a YAML token: |Block scalar header includes)/,
    always('there is text behind the | or >', 'start the text on the next line; a command with | or > needs quotes'),
  ],
  [
    /^(?:Tags and anchors must be|Anchor cannot be|Alias cannot be|A node can have at most|An alias node must)/,
    always('text cannot start with !, & or * unless it is in quotes', 'put the whole text in quotes'),
  ],
  [
    /^Missing directives-end/,
    always('a line --- is missing after the lines that start with %', 'write it, or leave these lines out'),
  ],
  [/^Unknown directive (.*)$/, (_, match) => unknownDirective(match[1] ?? '')],
  [
    /^Unexpected (?:flow-(?:seq|map)-end|comma)|^Unexpected ,/,
    always('nothing that was opened ends here', 'take it away, or put the text in quotes'),
  ],
]

/** Tells mistakes in our words, one a line and none that only follows from another one. */
export function explainSyntax(errors: readonly Found[], text: string, openQuotes: readonly number[]): SyntaxProblem[] {
  const problems: SyntaxProblem[] = []
  const isDirective = errors.some(({ message }) => message.startsWith('Unknown directive'))
  const quote = openQuotes[0] ?? Number.POSITIVE_INFINITY
  let lineEnd = -1
  let inTextBlock = false
  let isUnclosed = false
  for (const { message, pos } of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const offset = pos[0]
    const isKey = message.startsWith('Implicit ')
    if (offset >= quote || offset <= lineEnd || (inTextBlock && isKey)) continue
    // What closes a bracket that was ended for it.
    if (isUnclosed && message.startsWith('Unexpected flow-')) continue
    isUnclosed ||= message.startsWith('Flow ')
    if (isDirective && message.startsWith('Missing directives-end')) continue
    problems.push({ ...explain({ text, offset }, message), offset })
    inTextBlock ||= isKey && isBelowTextBlock({ text, offset })
    lineEnd = endOfLine({ text, offset })
  }
  // All that comes behind an open quote is part of the text, or was read as if it were.
  return quote === Number.POSITIVE_INFINITY ? problems : [...problems, openQuote({ text, offset: quote })]
}

function explain(place: Place, message: string): Omit<SyntaxProblem, 'offset'> {
  for (const [pattern, explanation] of explanations) {
    const match = pattern.exec(message)
    if (match !== null) return explanation(place, match)
  }
  return { message: message.slice(0, 1).toLowerCase() + message.slice(1), hint: null }
}

function always(message: string, hint: string): () => Omit<SyntaxProblem, 'offset'> {
  return () => ({ message, hint })
}

function explainNested(place: Place): Omit<SyntaxProblem, 'offset'> {
  if (/:(?:\s|$)|^\?\s/.test(restOfLine(place))) {
    return { message: 'a second key starts on this line: text with ": " in it needs quotes', hint: inQuotes(place) }
  }
  return {
    message: 'the next line is indented further than this one, which has its value already',
    hint: 'give all keys of an object the same indent',
  }
}

function inBrackets(): Omit<SyntaxProblem, 'offset'> {
  return {
    message: 'text with ": " or "- " in it needs quotes inside [ ] and { }',
    hint: 'put the whole text in quotes',
  }
}

function explainKey(place: Place): Omit<SyntaxProblem, 'offset'> {
  if (isBelowTextBlock(place)) {
    return {
      message: 'the text below a | or > is not indented',
      hint: 'indent all its lines further than the key that it belongs to',
    }
  }
  const rest = restOfLine(place)
  if (/^[<=>]{7}/.test(rest)) {
    return { message: 'a conflict of a merge is left in the file', hint: 'choose one side and delete the marks' }
  }
  const glued = /^([\w-]+):(?=\S)/.exec(rest)
  if (glued !== null) {
    return { message: 'a key ends with ": "', hint: `write a space after the colon: ${glued[1]}: …` }
  }
  return {
    message: 'a key with a value is expected here',
    hint: 'write "key: value"; text that goes on from the line before is indented further than its key',
  }
}

function isBelowTextBlock({ text, offset }: Place): boolean {
  const above = text.slice(Math.max(0, offset - 1000), startOfLine({ text, offset }))
  return /(?:^|\s)[|>][-+0-9]*[ \t]*(?:#.*)?\s*$/.test(above)
}

function startsWith(place: Place, char: string): Omit<SyntaxProblem, 'offset'> {
  return { message: `text cannot start with ${char} unless it is in quotes`, hint: inQuotes(place) }
}

function afterEnd(): Omit<SyntaxProblem, 'offset'> {
  return {
    message: 'there is more behind the end of the [ ], the { } or the quotes',
    hint: 'put the whole text in quotes, or below a |',
  }
}

function badEscape(written: string): Omit<SyntaxProblem, 'offset'> {
  return {
    message: `${written} means nothing between double quotes`,
    hint: `write \\${written}, or use single quotes, where a \\ is a \\`,
  }
}

/** The library also ends brackets at a line that is not indented, whatever comes behind. */
function unclosed({ text, offset }: Place, bracket: string): Omit<SyntaxProblem, 'offset'> {
  if (text.slice(offset).includes(bracket)) {
    return {
      message: `the lines up to the ${bracket} are not indented, with spaces, further than the key that they belong to`,
      hint: `indent them, or put a missing ${bracket} before this place`,
    }
  }
  return { message: `a ${bracket} is missing before this place`, hint: `close what was opened with a ${bracket}` }
}

function unknownDirective(directive: string): Omit<SyntaxProblem, 'offset'> {
  return { message: `${directive} is no directive of YAML`, hint: 'leave the line out, or put the text in quotes' }
}

function openQuote({ text, offset }: Place): SyntaxProblem {
  const quote = text[offset] ?? '"'
  return {
    offset,
    message: `the ${quote} that opens here is never closed`,
    hint: `close it with ${quote}; text that goes on in further lines is indented further than its key`,
  }
}

/** An example with the text in quotes, where the text surely ends with the line. */
function inQuotes({ text, offset }: Place): string {
  const before = text.slice(startOfLine({ text, offset }), offset)
  const written = restOfLine({ text, offset })
  if (/[[{]/.test(before) || written.length > 80) return 'put the whole text in quotes'
  return `put the whole text in quotes: '${written.replaceAll("'", "''")}'`
}

/** Without a comment and blanks at its end. */
function restOfLine(place: Place): string {
  return place.text
    .slice(place.offset, endOfLine(place))
    .replace(/\s#.*$/, '')
    .trimEnd()
}

function startOfLine({ text, offset }: Place): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

function endOfLine({ text, offset }: Place): number {
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end
}
