import { Readable } from 'node:stream'
import { AgolaError } from '../../model/errors.ts'
import { type PutOptions, unsizedObjectBytesMax } from '../../ports/object-storage.ts'
import { abortable } from '../../std/abortable.ts'
import { asSourceError } from './source-error.ts'

/** The bytes of a source under the size rules of `put`. A source that has a size is read just so far: what lies behind stays in it,
 *  except for the rest of the chunk in hand when the source is no stream. A failed take ends the source; what it fails
 *  with is never the store's. */
export async function* takeBytes(
  key: string,
  source: AsyncIterable<Uint8Array>,
  { sizeBytes, sizeBytesMax = unsizedObjectBytesMax, signal }: PutOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = iterate(source)
  let taken = 0
  let complete = false
  try {
    while (sizeBytes === undefined || taken < sizeBytes) {
      const next = await abortable(iterator.next(), signal)
      if (next.done === true) {
        if (sizeBytes !== undefined) throw shortSource(key, sizeBytes, taken)
        break
      }
      const chunk = next.value
      if (sizeBytes === undefined && taken + chunk.length > sizeBytesMax) throw tooLarge(key, sizeBytesMax)
      const wanted = sizeBytes === undefined ? chunk.length : Math.min(chunk.length, sizeBytes - taken)
      if (wanted < chunk.length) giveBack(source, chunk.subarray(wanted))
      taken += wanted
      if (wanted > 0) yield wanted < chunk.length ? chunk.subarray(0, wanted) : chunk
    }
    complete = true
  } catch (error) {
    throw asSourceError(error)
  } finally {
    if (complete) leave(source, iterator)
    else end(source, iterator)
  }
}

/** How many bytes to store of a source that has `available` ones: all of them unless `sizeBytes` says less. */
export function sizeToTake(
  key: string,
  available: number,
  { sizeBytes = available, sizeBytesMax }: PutOptions,
): number {
  if (sizeBytes > available) throw shortSource(key, sizeBytes, available)
  if (sizeBytesMax !== undefined && sizeBytes > sizeBytesMax) throw tooLarge(key, sizeBytesMax)
  return sizeBytes
}

function shortSource(key: string, sizeBytes: number, taken: number): AgolaError {
  const message = `the source of object "${key}" ended after ${taken} of ${sizeBytes} bytes; nothing was stored`
  return new AgolaError('objectSourceShort', message, { details: { key, sizeBytes, taken } })
}

function tooLarge(key: string, sizeBytesMax: number): AgolaError {
  const message = `object "${key}" is larger than the ${sizeBytesMax} bytes allowed here; nothing was stored`
  return new AgolaError('tooLarge', message, { details: { key, sizeBytesMax } })
}

function iterate(source: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  return source instanceof Readable ? source.iterator({ destroyOnReturn: false }) : source[Symbol.asyncIterator]()
}

function giveBack(source: AsyncIterable<Uint8Array>, rest: Uint8Array): void {
  if (source instanceof Readable) source.unshift(rest)
}

/** Takes our listeners off a stream; any other iterator stays open for its owner. */
function leave(source: AsyncIterable<Uint8Array>, iterator: AsyncIterator<Uint8Array>): void {
  if (source instanceof Readable) endQuietly(iterator)
}

function end(source: AsyncIterable<Uint8Array>, iterator: AsyncIterator<Uint8Array>): void {
  if (source instanceof Readable) source.destroy()
  // Not awaited: a generator answers `return` only after the `next` on which it may hang for ever.
  endQuietly(iterator)
}

function endQuietly(iterator: AsyncIterator<Uint8Array>): void {
  const ignore = (): void => undefined
  iterator.return?.().then(ignore, ignore)
}
