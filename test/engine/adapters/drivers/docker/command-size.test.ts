import { expect, test } from 'vitest'
import { whyTooLarge } from '../../../../../src/engine/adapters/drivers/docker/command-size.ts'

const ofBytes = (bytes: number) => 'é'.repeat(bytes / 2)

test('one variable may have one byte less than 128 KiB with its name; a larger one is named, without its value', () => {
  expect(whyTooLarge({ A: 'b', BIG_: ofBytes(131_066) }, [])).toBeNull()
  const why = whyTooLarge({ A: 'b', BIGS_: ofBytes(131_066) }, [])
  expect(why).toMatch(/"BIGS_" has 131072 bytes with its name, more than the 128 KiB/)
  expect(why).not.toContain('éé')
})

test('all variables and arguments together may have 2 MiB, with their pointers', () => {
  const environment = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`V${index}`, ofBytes(100_000)]))
  expect(whyTooLarge(environment, ['sh', 'x'.repeat(90_000)])).toBeNull()
  expect(whyTooLarge(environment, ['sh', 'x'.repeat(100_000)])).toMatch(/environment has 2000250 bytes.* 2 MiB/)
})
