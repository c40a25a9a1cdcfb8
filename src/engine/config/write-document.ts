import type { Tags } from 'yaml'

declare global {
  interface JSON {
    /** Part of the language, but not yet of the compiler's library. */
    rawJSON(text: string): object
  }
}

/** A document as JSON that reads as the same, with a line end; bigints are numbers. */
export function writeJson(value: unknown): string {
  const numbers = (_: string, item: unknown) => (typeof item === 'bigint' ? JSON.rawJSON(String(item)) : item)
  return `${JSON.stringify(value, numbers, 2)}\n`
}

/** Lines of blanks, or a text that starts with them. */
const blankLines = /^[ \t\n][\s\S]*\n|\n[ \t]+(?:\n|$)/

/** A document as YAML that our reader and the reference, both of version 1.1, read as the same. Its end may be that of a text: nothing is
 *  cut off or put behind. */
export async function writeYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml')
  // The library writes a key << without quotes, and it would merge its value when it is read.
  const isNoMerge = (tag: Tags[number]) => (typeof tag === 'string' ? tag : tag.tag) !== 'tag:yaml.org,2002:merge'
  const document = new Document(value, { version: '1.1', customTags: (tags) => tags.filter(isNoMerge) })
  visit(document, {
    Scalar(_, scalar) {
      if (scalar.value === '<<') scalar.type = 'QUOTE_SINGLE'
      // A text block would lose them.
      else if (typeof scalar.value === 'string' && blankLines.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0 })
}
