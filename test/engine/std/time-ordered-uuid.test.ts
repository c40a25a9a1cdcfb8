import { expect, it } from 'vitest'
import { timeOrderedUuid } from '../../../src/engine/std/time-ordered-uuid.ts'

const random = '9b2f0c1e-4d5a-4c3b-a1b2-c3d4e5f60718'

it('keeps the form of a uuid, and says that it is of version 7', () => {
  expect(timeOrderedUuid(0x0123456789ab, random)).toBe('01234567-89ab-7c3b-a1b2-c3d4e5f60718')
})

it('sorts by time as text, also where a digit is gained', () => {
  const times = [0, 1, 0xffff, 0x10000, 0xfffffffffff, 0x100000000000]
  const ids = times.map((time) => timeOrderedUuid(time, random))
  expect([...ids].sort()).toEqual(ids)
})

it('takes the milliseconds of a clock that counts parts of them', () => {
  expect(timeOrderedUuid(256.75, random)).toBe('00000000-0100-7c3b-a1b2-c3d4e5f60718')
})
