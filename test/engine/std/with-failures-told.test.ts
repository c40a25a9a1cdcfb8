import { expect, test } from 'vitest'
import { withFailuresTold } from '../../../src/engine/std/with-failures-told.ts'

class Shelf {
  readonly name = 'shelf'
  readonly #books = ['one']

  async take(index: number): Promise<string> {
    const book = this.#books[index]
    if (book === undefined) throw new Error(`nothing at ${index}`)
    return book
  }

  count(): number {
    return this.#books.length
  }
}

test('calls work as before, and who listens learns why one was rejected', async () => {
  const failures: unknown[] = []
  const shelf = withFailuresTold(new Shelf(), (error) => failures.push(error))
  expect([shelf.name, shelf.count(), await shelf.take(0)]).toEqual(['shelf', 1, 'one'])
  const refused = await shelf.take(7).catch((error: unknown) => error)
  expect(refused).toEqual(new Error('nothing at 7'))
  expect(failures).toEqual([refused])
})
