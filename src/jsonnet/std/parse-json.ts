import { fail } from '../machine.ts'
import { quoteRune } from '../quote-rune.ts'

/** JSON text to plain data. Failures are worded as Go's decoder words the common ones. */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text, checkNumber)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return fail(`failed to parse JSON: ${reason(text, error.message)}`)
  }
}

function checkNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value)
    ? fail('failed to parse JSON: number out of range')
    : value
}

function reason(text: string, message: string): string {
  if (/Unexpected end|Unterminated/.test(message)) return 'unexpected end of JSON input'
  const at = /at position (\d+)/.exec(message)?.[1]
  const trimmed = text.trimStart()
  const offset = at === undefined ? text.length - trimmed.length : Number(at)
  const where = offset === text.length - trimmed.length ? 'looking for beginning of value' : 'in the text'
  return `invalid character ${quoteRune(text.codePointAt(offset))} ${where}`
}
