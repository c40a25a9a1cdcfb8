import { expect, test } from 'vitest'
import { readAhead } from '../../../src/engine/std/read-ahead.ts'

interface Read {
  started: boolean
  finish: (value: string) => void
  fail: (error: Error) => void
}

function reads(count: number): { all: Read[]; starts: (() => Promise<string>)[] } {
  const all: Read[] = []
  const starts = Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const read: Read = { started: false, finish: resolve, fail: reject }
    all.push(read)
    return () => {
      read.started = true
      return promise
    }
  })
  return { all, starts }
}

const startedOf = (all: Read[]): boolean[] => all.map(({ started }) => started)

test('results come in their order, with two of them under way', async () => {
  const { all, starts } = reads(3)
  const results = readAhead(starts, 2)
  const first = results.next()
  expect(startedOf(all)).toEqual([true, true, false])
  all[1]?.finish('b')
  all[0]?.finish('a')
  expect(await first).toEqual({ done: false, value: 'a' })
  const second = results.next()
  expect(startedOf(all)).toEqual([true, true, true])
  expect((await second).value).toBe('b')
  all[2]?.finish('c')
  expect((await results.next()).value).toBe('c')
  expect((await results.next()).done).toBe(true)
})

test('a failure is told in its turn', async () => {
  const { all, starts } = reads(2)
  const results = readAhead(starts, 2)
  const first = results.next()
  all[1]?.fail(new Error('the second'))
  all[0]?.finish('a')
  expect((await first).value).toBe('a')
  await expect(results.next()).rejects.toThrow('the second')
})

test('leaving early waits for what is under way', async () => {
  const { all, starts } = reads(3)
  const results = readAhead(starts, 2)
  all[0]?.finish('a')
  await results.next()
  let left = false
  const leaving = results.return(undefined).then(() => {
    left = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(left).toBe(false)
  all[1]?.fail(new Error('nobody waits for this'))
  await leaving
  expect(startedOf(all)).toEqual([true, true, false])
})
