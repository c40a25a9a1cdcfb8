import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pattern } from '../../src/engine/executor/pattern.ts'

const pathPart = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'ü'), minLength: 1, maxLength: 3 })
const path = fc.array(pathPart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const piece = fc.constantFrom('a', 'b', '.', 'ü', '*', '?', '[ab]', '[^a]', '\\a')
const component = fc.oneof(
  { weight: 4, arbitrary: fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.constant('**') },
)
const pattern = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

/** The rule for patterns without braces, by plain recursion over components (spec/executor.md 11.2). */
function expected(patterns: string[], names: string[]): boolean {
  const [first, ...rest] = patterns
  if (first === undefined) return names.length === 0
  if (first === '**' && rest.length === 0) return names.length > 0
  if (first === '**') return names.some((_, index) => expected(rest, names.slice(index))) || expected(rest, [])
  const [name, ...others] = names
  return name !== undefined && componentExpression(first).test(name) && expected(rest, others)
}

function componentExpression(text: string): RegExp {
  const source = text.replace(/\\(.)|\[(\^?)([^\]]*)\]|[*?.]/gu, (match, escaped, negation, letters) => {
    if (escaped !== undefined) return escaped
    if (letters !== undefined) return `[${negation}${letters}]`
    return { '*': '.*', '?': '.', '.': '\\.' }[match] ?? match
  })
  return new RegExp(`^${source}$`, 'u')
}

test('a pattern without braces matches as the rule says', () => {
  fc.assert(
    fc.property(pattern, path, (text, name) => {
      expect(new Pattern(text).matches(name)).toBe(expected(text.split('/'), name.split('/')))
    }),
    { numRuns: 20_000 },
  )
})

test('braces are the same as one pattern for each alternative', () => {
  fc.assert(
    fc.property(
      fc.array(component, { maxLength: 2 }),
      fc.array(fc.array(piece, { maxLength: 2 }), { minLength: 1, maxLength: 3 }),
      path,
      (before, alternatives, name) => {
        const options = alternatives.map((pieces) => pieces.join(''))
        // Stars beside a brace could make a `**` of two halves, which the rule does not know.
        const start = `${[...before, 'x'].join('/')}`
        const any = options.some((option) => new Pattern(`${start}${option}y`).matches(name))
        expect(new Pattern(`${start}{${options.join(',')}}y`).matches(name)).toBe(any)
      },
    ),
    { numRuns: 5000 },
  )
})

test('every match lies at or below the literal prefix', () => {
  fc.assert(
    fc.property(pattern, path, (text, name) => {
      const compiled = new Pattern(text)
      if (!compiled.matches(name)) return
      const prefix = compiled.literalPrefix()
      // A path of the walk never has these components, so patterns with them need no directory at all.
      if (name.split('/').some((part) => part === '.' || part === '..')) return
      expect(prefix !== null && (prefix === '' || name === prefix || name.startsWith(`${prefix}/`))).toBe(true)
    }),
    { numRuns: 20_000 },
  )
})
