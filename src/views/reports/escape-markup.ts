/** What XML 1.0 has no way to write, not even escaped. */
const notInXml = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for an element of XML or HTML. Characters that XML cannot hold are dropped; half of a pair becomes U+FFFD. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(notInXml, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** The value of an attribute, quotes included. Line ends are kept, which a parser would else turn into spaces. */
export function attribute(value: string | number): string {
  return `"${escapeText(String(value)).replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)}"`
}
