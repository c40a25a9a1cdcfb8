import { AgolaError } from '../model/errors.ts'

const assignment = /^\s*(?:export\s+)?([^\s=#]+)\s*=\s*(.*?)\s*$/

/** Reads `NAME=value` lines: comments, blank lines, `export`, single quotes (taken as they are) and double quotes (with \n, \t,
 *  \", \\). Nothing is expanded. Throws `variableInvalid` with file and line. */
export function parseDotenv(path: string, text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, name, raw] = assignment.exec(line) ?? []
    if (name === undefined || raw === undefined) throw lineError(path, index, 'is not NAME=value')
    if (raw.includes('\0')) throw lineError(path, index, `gives ${name} a NUL character, which no environment can hold`)
    values.set(name, unquote(path, index, raw))
  }
  return values
}

function unquote(path: string, index: number, raw: string): string {
  const quote = raw[0]
  if (quote !== '"' && quote !== "'") return raw.replace(/\s+#.*$/, '')
  const match = (quote === '"' ? /^"((?:[^"\\]|\\.)*)"\s*(#.*)?$/ : /^'([^']*)'\s*(#.*)?$/).exec(raw)
  const inner = match?.[1]
  if (inner === undefined) throw lineError(path, index, 'has a quote that does not end on this line')
  return quote === "'" ? inner : inner.replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character)
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r' }

function lineError(path: string, index: number, what: string): AgolaError {
  return new AgolaError('variableInvalid', `${path}:${index + 1} ${what}.`)
}
