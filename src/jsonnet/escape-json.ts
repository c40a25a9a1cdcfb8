const special = /["\\\u0000-\u001f\u007f-\u009f]/
const specials = /["\\\u0000-\u001f\u007f-\u009f]/g

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A string as JSON; of what is not ASCII only the control characters are escaped. */
export function escapeJson(text: string): string {
  if (!special.test(text)) return `"${text}"`
  return `"${text.replace(specials, (char) => named[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}
