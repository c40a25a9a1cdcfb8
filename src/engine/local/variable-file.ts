import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { LineCounter, YAMLMap } from 'yaml'
import { AgolaError, messageOf } from '../model/errors.ts'
import { parseDotenv } from './dotenv.ts'

/** The variables of a file: a YAML or JSON map of scalars, or `NAME=value` lines when its name ends in `.env`.
 *  Throws `variableInvalid` with the place. */
export async function readVariableFile(path: string): Promise<Map<string, string>> {
  const text = await readText(path)
  if (extname(path) === '.env' || path.endsWith('/.env') || path === '.env') return parseDotenv(path, text)
  const file = await parseMap(path, text)
  return file === null ? new Map() : scalarsOf(file, file.map)
}

/** Maps of variables by pattern, in the order of the file; empty when there is no file. */
export async function readVariablesByPattern(path: string): Promise<[pattern: string, values: Map<string, string>][]> {
  const text = await readText(path).catch((error: unknown) => {
    if (error instanceof AgolaError && error.details.missing === true) return ''
    throw error
  })
  const file = await parseMap(path, text)
  if (file === null) return []
  return file.map.items.map(({ key, value }) => {
    const name = String(key)
    if (file.yaml.isMap(value)) return [name, scalarsOf(file, value)]
    throw invalid(placeOf(file, key), `holds no map of variables under ${JSON.stringify(name)}`)
  })
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = missing
      ? `The variables file ${path} does not exist.`
      : `The variables file ${path} cannot be read: ${messageOf(error)}`
    throw new AgolaError('variableInvalid', message, { cause: error, details: { missing } })
  }
}

interface ParsedFile {
  path: string
  yaml: typeof import('yaml')
  map: YAMLMap
  lines: LineCounter
}

/** null when there is nothing in it. */
async function parseMap(path: string, text: string): Promise<ParsedFile | null> {
  if (text.trim() === '') return null
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const { errors, contents } = yaml.parseDocument(text, { version: '1.1', lineCounter: lines })
  const [problem] = errors
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0])
    throw invalid(`${path}:${line}:${col}`, `is no YAML: ${problem.message.split('\n')[0]}`)
  }
  if (contents === null || (yaml.isScalar(contents) && contents.value === null)) return null
  if (!yaml.isMap(contents)) throw invalid(path, 'must hold a map of names and values')
  return { path, yaml, map: contents, lines }
}

/** Numbers and booleans keep the spelling of the file. */
function scalarsOf(file: ParsedFile, map: YAMLMap): Map<string, string> {
  const { isScalar } = file.yaml
  const values = new Map<string, string>()
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? (key.source ?? String(key.value)) : ''
    const place = placeOf(file, key)
    if (name === '') throw invalid(place, 'has a variable without a name')
    if (!isScalar(value) || value.value === null)
      throw invalid(place, `must give ${name} a text, a number or a boolean`)
    const text = typeof value.value === 'string' ? value.value : (value.source ?? String(value.value))
    if (text.includes('\0')) throw invalid(place, `gives ${name} a NUL character, which no environment can hold`)
    values.set(name, text)
  }
  return values
}

function placeOf({ path, yaml, lines }: ParsedFile, node: unknown): string {
  const start = yaml.isScalar(node) ? node.range?.[0] : undefined
  if (start === undefined) return path
  const { line, col } = lines.linePos(start)
  return `${path}:${line}:${col}`
}

function invalid(place: string, what: string): AgolaError {
  return new AgolaError('variableInvalid', `${place} ${what}.`)
}
