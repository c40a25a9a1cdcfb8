import { expect, test } from 'vitest'
import { allOf } from '../../../src/engine/std/all-of.ts'

test('results come in the order of what was waited for', async () => {
  expect(await allOf([Promise.resolve('a'), 2, null])).toEqual(['a', 2, null])
})

test('a failure is told when the others have ended', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isTold = false
  const failing = allOf([Promise.reject(new Error('no')), promise]).catch((error: unknown) => {
    isTold = true
    return error
  })
  await new Promise((ended) => setImmediate(ended))
  expect(isTold).toBe(false)
  resolve()
  expect(await failing).toEqual(new Error('no'))
})
