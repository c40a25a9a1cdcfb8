import type { LexerState } from './lexer-state.ts'

/** `|||` or `|||-`, lines indented by what the first one is indented by, and `|||` on a line that is indented less. */
export function lexTextBlock(lexer: LexerState): void {
  const { text, at: start } = lexer
  let at = start + 3
  const chomp = text[at] === '-'
  if (chomp) at++
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at++
  if (text[at] !== '\n') lexer.fail('Text block requires new line after |||.', start)
  at++
  let content = ''
  while (text[at] === '\n') {
    content += '\n'
    at++
  }
  const indent = leadingSpace(text, at)
  if (indent === '') lexer.fail("Text block's first line must start with whitespace", start)
  while (text.startsWith(indent, at)) {
    const end = text.indexOf('\n', at)
    if (end < 0) lexer.fail('Unexpected EOF', start)
    content += text.slice(at + indent.length, end + 1)
    at = end + 1
    while (text[at] === '\n') {
      content += '\n'
      at++
    }
  }
  at += leadingSpace(text, at).length
  if (!text.startsWith('|||', at)) lexer.fail('Text block not terminated with |||', start)
  lexer.at = at + 3
  lexer.emit('STRING_BLOCK', chomp ? content.replace(/\n$/, '') : content, start)
}

function leadingSpace(text: string, at: number): string {
  let end = at
  while (text[end] === ' ' || text[end] === '\t') end++
  return text.slice(at, end)
}
