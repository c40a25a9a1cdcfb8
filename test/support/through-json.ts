import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

/** A port as somebody at the other end of a connection sees it: what crosses is JSON and streams, and no file of one side can be read
 *  at the other. Options of calls stay on their side. */
export function throughJson<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => received(await value.apply(target, args.map(sent)))
    },
  })
}

function sent(argument: unknown): unknown {
  if (argument instanceof Uint8Array || argument instanceof Readable || isOptions(argument)) return argument
  if (isObject(argument) && typeof argument.file === 'string') return createReadStream(argument.file)
  return copy(argument)
}

function received(result: unknown): unknown {
  if (!isObject(result) || typeof result.stream !== 'function') return copy(result)
  const { stream, file: _, ...rest } = result
  return { ...(copy(rest) as object), stream: () => Reflect.apply(stream as () => Readable, result, []) }
}

function copy(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function isOptions(value: unknown): boolean {
  return isObject(value) && ('signal' in value || 'follow' in value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
