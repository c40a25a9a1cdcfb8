import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JsonSpan, parseJson, spansOfJson } from '../../../src/engine/config/json-text.ts'

const value = fc.jsonValue({ maxDepth: 4 })
const indent = fc.constantFrom('', '  ', '\t', '\n\r \t')
const blanks = fc.array(fc.constantFrom(' ', '\n', '\r', '\t'), { maxLength: 3 }).map((parts) => parts.join(''))

/** Texts that are nearly JSON. */
const almost = fc
  .array(
    fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '"b"',
        '"\\n"',
        '"\\u00e9"',
        '"\\x"',
        '"\\',
        '\n',
        ' ',
        '\u00a0',
        '\ufeff',
      ],
      ...[
        '0',
        '-',
        '-0',
        '1',
        '01',
        '1.5',
        '1.',
        '.5',
        '1e3',
        '1E-2',
        '1e',
        'true',
        'false',
        'null',
        'nul',
        'x',
        '{}',
        '[]',
        '{"a":1}',
      ],
    ),
    { maxLength: 7 },
  )
  .map((parts) => parts.join(''))

function parsed(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

describe('a JSON text', () => {
  it('is read as what was written, with blanks wherever they may stand', () =>
    fc.assert(
      fc.property(value, indent, blanks, (written, space, around) => {
        const text = `${around}${JSON.stringify(written, null, space)}${around}`
        expect(parseJson(text)).toEqual({ value: JSON.parse(text), problem: null, duplicates: [] })
      }),
    ))

  it('is refused exactly when the language of this program refuses it', () =>
    fc.assert(
      fc.property(almost, (text) => {
        const ours = parseJson(text)
        expect(ours.problem === null ? { value: ours.value } : null).toEqual(parsed(text))
        if (ours.problem !== null) expect(ours.problem.offset).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 2000 },
    ))

  it('may nest a hundred deep, lists and objects alike, side by side as often as it likes', () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}0${'}]'.repeat(depth / 2)}`
    expect(parseJson(nested(100)).problem).toBeNull()
    expect(parseJson(nested(102)).problem).toMatchObject({ code: 'too_deep', offset: 300 })
    expect(parseJson(`[${Array(200).fill('[{}]').join(',')}]`).problem).toBeNull()
  })

  it('has a key twice at the place of the second one', () => {
    const duplicates = (text: string) => parseJson(text).duplicates.map(({ code, offset }) => `${code} ${offset}`)
    expect(duplicates('{"a": {"b": 1}, "b": 2, "a" : 3}')).toEqual(['duplicate_key 24'])
    expect(duplicates('{"constructor": 1, "__proto__": 2, "__proto__": 3}')).toEqual(['duplicate_key 35'])
  })
})

describe('the places in a JSON text', () => {
  it('are those of all its values and keys', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.array(value), fc.dictionary(fc.string(), value)),
        indent,
        blanks,
        (written, space, around) => {
          const text = `${around}${JSON.stringify(written, null, space)}${around}`
          const check = (span: JsonSpan, expected: unknown) => {
            expect(JSON.parse(text.slice(span.start, span.end))).toEqual(expected)
            const entries = typeof expected === 'object' && expected !== null ? Object.entries(expected) : []
            expect([...(span.children?.keys() ?? [])].map(String).sort()).toEqual(entries.map(([key]) => key).sort())
            for (const [key, item] of entries) {
              const child = span.children?.get(Array.isArray(expected) ? Number(key) : key)
              if (child === undefined) throw new Error(`no place of ${key}`)
              const keyText = text.slice(child.keyStart, child.start)
              if (Array.isArray(expected)) expect(keyText).toBe('')
              else expect(JSON.parse(keyText.replace(/\s*:\s*$/, ''))).toBe(key)
              check(child, item)
            }
          }
          const root = spansOfJson(text)
          expect(root.start).toBe(around.length)
          check({ ...root, end: text.length }, JSON.parse(text))
        },
      ),
    ))
})
