import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OrdinalQueue } from '../../../src/engine/decide/ordinal-queue.ts'

it('gives numbers back smallest first, however they came, between others that come', () => {
  // A number is added, undefined takes the smallest.
  const action = fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined, freq: 2 })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const queue = new OrdinalQueue()
      const model: number[] = []
      for (const ordinal of actions) {
        if (ordinal === undefined) expect(queue.shift()).toBe(model.shift())
        else {
          queue.push(ordinal)
          model.push(ordinal)
          model.sort((a, b) => a - b)
        }
        expect(queue.first).toBe(model[0])
      }
      for (const ordinal of model) expect(queue.shift()).toBe(ordinal)
      expect([queue.shift(), queue.first]).toEqual([undefined, undefined])
    }),
  )
})
