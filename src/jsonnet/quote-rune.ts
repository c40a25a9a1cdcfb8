const named: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  39: "\\'",
  92: '\\\\',
}

/** A character between single quotes, escaped into ASCII as Go does it; the end of the text is `'\ufffd'`. */
export function quoteRune(code: number | undefined): string {
  return `'${escapeRune(code ?? 0xfffd)}'`
}

function escapeRune(code: number): string {
  const name = named[code]
  if (name !== undefined) return name
  if (code >= 32 && code < 127) return String.fromCharCode(code)
  if (code < 256 && code < 127) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code === 127) return '\\x7f'
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}
