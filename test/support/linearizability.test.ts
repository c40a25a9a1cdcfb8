import { expect, test } from 'vitest'
import { complaintAbout, type KvInput, type KvOperation, type KvOutput } from './kv-history.ts'

const get = (key: string): KvInput => ({ type: 'get', key })
const set = (value: string, expected: string | null, keys = ['a']): KvInput => ({
  type: 'set',
  keys,
  compareKey: 'a',
  expected,
  value,
})
const done = (...found: (string | null)[]): KvOutput => ({ succeeded: true, found })
const operation = (start: number, end: number, input: KvInput, output?: KvOutput, revision?: bigint): KvOperation => ({
  start,
  end: output ? end : Number.POSITIVE_INFINITY,
  input,
  output,
  revision,
})
const check = (history: KvOperation[], isFine: boolean) => expect(complaintAbout(history) === null).toBe(isFine)

test('a read after a write sees it', () => {
  check([operation(1, 2, set('x', null), done()), operation(3, 4, get('a'), done('x'))], true)
  check([operation(1, 2, set('x', null), done()), operation(3, 4, get('a'), done(null))], false)
})

test('a read during a write may see either', () => {
  for (const found of ['x', null])
    check([operation(1, 4, set('x', null), done()), operation(2, 3, get('a'), done(found))], true)
})

test('two reads during a write see it in one order only', () => {
  const write = operation(1, 9, set('x', null), done())
  check([write, operation(2, 3, get('a'), done(null)), operation(4, 5, get('a'), done('x'))], true)
  check([write, operation(2, 3, get('a'), done('x')), operation(4, 5, get('a'), done(null))], false)
})

test('of two writes that expect the same only one succeeds', () => {
  check([operation(1, 4, set('x', null), done()), operation(2, 3, set('y', null), done())], false)
  const loser = operation(2, 3, set('y', null), { succeeded: false, found: ['x'] })
  check([operation(1, 4, set('x', null), done()), loser], true)
})

test('a write of several keys is seen whole', () => {
  const write = operation(1, 9, set('x', null, ['a', 'b']), done())
  check([write, operation(2, 3, get('a'), done('x')), operation(4, 5, get('b'), done('x'))], true)
  check([write, operation(2, 3, get('a'), done('x')), operation(4, 5, get('b'), done(null))], false)
})

test('an unknown write may take effect late or never, but not before its start and not twice', () => {
  const unknown = operation(3, 0, set('x', null))
  check([unknown, operation(10, 11, get('a'), done(null)), operation(12, 13, get('a'), done('x'))], true)
  check([unknown, operation(10, 11, get('a'), done(null))], true)
  check([operation(1, 2, get('a'), done('x')), unknown], false)
  const undone = operation(14, 15, set('y', 'x'), done())
  check([unknown, operation(12, 13, get('a'), done('x')), undone, operation(16, 17, get('a'), done('x'))], false)
})

test('revisions never go back', () => {
  check([operation(1, 2, get('a'), done(null), 7n), operation(3, 4, get('a'), done(null), 6n)], false)
  check([operation(1, 4, get('a'), done(null), 7n), operation(3, 5, get('a'), done(null), 6n)], true)
})
