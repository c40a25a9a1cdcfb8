import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import { fail } from '../machine.ts'

const load = createRequire(import.meta.url)

/** YAML text to plain data: one document to its value, with `---` lines to an array of the documents' values.
 *  Scalars are read as Go's sigs.k8s.io/yaml reads them: YAML 1.1 without times in base 60. */
export function parseYamlText(text: string): unknown {
  const { documents, isStream } = splitDocuments(text)
  const values = documents.map(parseDocument)
  return isStream ? values : (values[0] ?? null)
}

function parseDocument(text: string): unknown {
  // Loaded when it is needed: few programs parse YAML, and all would wait for it.
  const { parseDocument } = load('yaml') as typeof Yaml
  const document = parseDocument(text, {
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => !isTimeTag(tag)),
    logLevel: 'silent',
  })
  const [error] = document.errors
  if (error !== undefined) fail(`failed to parse YAML: ${error.message.split('\n')[0] ?? ''}`)
  try {
    return plain(document.toJS({ maxAliasCount: 1000 }))
  } catch (error) {
    // Aliases that multiply into more than memory holds, or that lead nowhere.
    return error instanceof ReferenceError ? fail(`failed to parse YAML: ${error.message}`) : rethrow(error)
  }
}

/** Cuts at lines of `---` with nothing or a comment behind. */
function splitDocuments(text: string): { documents: string[]; isStream: boolean } {
  const documents: string[] = []
  let isStream = false
  let lines: string[] = []
  for (const line of text.split(/(?<=\n)/)) {
    if (/^---\s*(#.*)?$/.test(line.trimEnd())) {
      isStream = true
      if (lines.length > 0) documents.push(lines.join(''))
      lines = []
    } else lines.push(line)
  }
  if (lines.length > 0) documents.push(lines.join(''))
  return { documents, isStream }
}

function isTimeTag(tag: unknown): boolean {
  if (typeof tag === 'string') return tag === 'timestamp' || tag === 'floatTime' || tag === 'intTime'
  if (typeof tag !== 'object' || tag === null) return false
  const { tag: name, format } = tag as { tag?: unknown; format?: unknown }
  return format === 'TIME' || name === 'tag:yaml.org,2002:timestamp'
}

/** Maps, sets and what else YAML 1.1 knows, as JSON has them: keys are strings. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Set) return Object.fromEntries([...value].map((item) => [String(item), null]))
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return fail('failed to parse YAML: number out of range')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function rethrow(error: unknown): never {
  throw error
}
