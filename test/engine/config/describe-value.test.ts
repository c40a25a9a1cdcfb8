import { describe, expect, it } from 'vitest'
import { describeKind, describeValue, quote } from '../../../src/engine/config/describe-value.ts'

describe('a value in a message', () => {
  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'null'],
    ['', '""'],
    ['a "b"\n', '"a \\"b\\"\\n"'],
    [5, 'the number 5'],
    [-0.5, 'the number -0.5'],
    [false, 'the boolean false'],
    [[], 'a list of 0 items'],
    [[[]], 'a list of 1 item'],
    [[1, 2], 'a list of 2 items'],
    [{}, 'an empty object'],
    [{ a: 1 }, 'an object with the key a'],
    [{ a: 1, b: 2 }, 'an object with the keys a, b'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'an object with the keys a, b, c, d, e'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with the keys a, b, c, d, e, …'],
    [{ ['k'.repeat(61)]: 1 }, `an object with the key ${'k'.repeat(59)}…`],
  ])('%j is %s', (value, text) => expect(describeValue(value)).toBe(text))

  it.each<[unknown, string]>([
    ['s3cret', 'a string'],
    [4711, 'a number'],
    [true, 'a boolean'],
    [null, 'null'],
    [['s3cret'], 'a list of 1 item'],
    [{ key: 's3cret' }, 'an object with the key key'],
  ])('that may be a secret shows its kind alone: %j', (value, text) => expect(describeKind(value)).toBe(text))

  it('is cut when it is long, between characters', () => {
    expect(quote('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`)
    expect(quote('x'.repeat(61))).toBe(`"${'x'.repeat(59)}…"`)
    expect(quote('😀'.repeat(60))).toBe(`"${'😀'.repeat(60)}"`)
    expect(quote('😀'.repeat(61))).toBe(`"${'😀'.repeat(59)}…"`)
    expect(quote('😀'.repeat(200))).toBe(`"${'😀'.repeat(59)}…"`)
  })
})
