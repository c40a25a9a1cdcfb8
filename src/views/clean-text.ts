const sgrPattern = '\\x1b\\[[0-9;:]*m'

/** Anything that a terminal would not simply print; colours and CRLF aside, which are dealt with faster. */
const special = /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\[[0-9;:]*m)|\r(?!\n)/

/** In this order: colours (kept), other control sequences, device and operating system commands up to their end or the end of
 *  the line, other escapes, lone control characters. */
const controls = new RegExp(
  [
    `(${sgrPattern})`,
    '(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]',
    '(?:\\x1b\\]|\\x9d)[^\\x07\\x1b\\x9c\\n]*(?:\\x07|\\x1b\\\\|\\x9c|$)',
    '(?:\\x1b[PX^_]|[\\x90\\x98\\x9e\\x9f])[^\\x1b\\x9c\\n]*(?:\\x1b\\\\|\\x9c|$)',
    '\\x1b[ -/]*[0-~]',
    '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]',
  ].join('|'),
  'gm',
)

const sgr = new RegExp(sgrPattern, 'g')

/** Text of whole lines as it may be printed among other lines: CRLF is LF, of a line that was overwritten only the last
 *  segment is left, colours stay and every other control sequence goes (spec/local-runs.md 12). */
export function cleanText(text: string): string {
  if (!special.test(text)) return text.includes('\r') ? text.replaceAll('\r\n', '\n') : text
  const lines = text.includes('\r') ? text.split('\n').map(lastSegment).join('\n') : text
  return lines.replace(controls, '$1')
}

export function withoutColour(text: string): string {
  return text.includes('\x1b') ? text.replace(sgr, '') : text
}

/** One line for a place where nothing but text may stand, such as a name. */
export function cleanName(name: string): string {
  return withoutColour(cleanText(name.replaceAll('\n', ' '))).replaceAll('\t', ' ')
}

/** What a terminal shows at last of `10%\r20%\r30%\r`. */
function lastSegment(line: string): string {
  const rest = line.replace(/\r+$/, '')
  return rest.slice(rest.lastIndexOf('\r') + 1)
}
