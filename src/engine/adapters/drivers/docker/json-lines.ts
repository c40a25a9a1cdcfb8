import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

const lineCharactersMax = 1 << 20

/** The objects of a stream that holds one JSON text a line; what cannot be parsed is left out. Ends or throws as the stream does. */
export async function* jsonLines(stream: Readable): AsyncGenerator<Record<string, unknown>> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of stream) {
    rest += decoder.write(chunk as Buffer)
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineCharactersMax) rest = ''
    for (const line of lines) yield* parseLine(line)
  }
  yield* parseLine(rest + decoder.end())
}

function* parseLine(line: string): Generator<Record<string, unknown>> {
  if (line.trim() === '') return
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return
  }
  if (typeof value === 'object' && value !== null) yield value as Record<string, unknown>
}
