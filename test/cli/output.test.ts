import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'

/** Fails as the system does. */
class RefusingStream extends Writable {
  isTTY = false
  readonly #code: string

  constructor(code: string) {
    super()
    this.#code = code
  }

  override _write(_chunk: unknown, _encoding: unknown, callback: (error: Error) => void): void {
    callback(Object.assign(new Error(`${this.#code}: refused, write`), { code: this.#code, syscall: 'write' }))
  }
}

async function writeTo(stream: Writable): Promise<{ closed: (string | null)[]; output: Output }> {
  const closed: (string | null)[] = []
  const output = new Output(stream, (failure) => closed.push(failure?.code ?? null))
  await output.write('one')
  await output.write('two')
  return { closed, output }
}

test('a reader that went away is told once and is no failure', async () => {
  const { closed, output } = await writeTo(new RefusingStream('EPIPE'))
  expect(closed).toEqual([null])
  expect(output.isClosed).toBe(true)
  await output.end()
})

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EIO', 'the disk does not work'],
])('what cannot be written for another reason is a failure: %s', async (code, reason) => {
  const { closed, output } = await writeTo(new RefusingStream(code))
  expect(closed).toEqual(['outputFailed'])
  const error = await output.end().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(AgolaError)
  expect(error).toMatchObject({
    code: 'outputFailed',
    message: expect.stringContaining(`cannot be written: ${reason}`),
  })
})

test('a terminal that was closed is a reader that went away', async () => {
  const terminal = new RefusingStream('EIO')
  terminal.isTTY = true
  expect((await writeTo(terminal)).closed).toEqual([null])
})

test('nothing is asked of a stream that has nothing left to write', async () => {
  const output = new Output(new RefusingStream('ENOSPC'), () => undefined)
  await output.end()
  expect(output.isClosed).toBe(false)
})
