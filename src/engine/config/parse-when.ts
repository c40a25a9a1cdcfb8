import type { When, WhenCondition, WhenConditions } from './config.ts'
import type { Cursor } from './cursor.ts'
import { describeValue, quote } from './describe-value.ts'
import type { ParseContext } from './parse-context.ts'
import { isObject } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'
import { exampleFor, hintForType } from './wrong-type.ts'

const whenShape = shape('a when', ['branch', 'tag', 'ref'], {
  branches: 'write "branch"; it takes a list too',
  tags: 'write "tag"; it takes a list too',
  event: 'pull requests are selected by their ref: ref: "#^refs/pull/[0-9]+/head$#"',
  pull_request: 'pull requests are selected by their ref: ref: "#^refs/pull/[0-9]+/head$#"',
})
const example = 'write a string, a list of strings, or { include: …, exclude: … }'

/** null where there is none. Regular expressions are noted in the context, to be checked together. */
export function parseWhen(cursor: Cursor | null, context: ParseContext): When | null {
  if (cursor === null || cursor.value === null) return null
  if (!isObject(cursor.value)) {
    context.problems.error(cursor, 'when_bad_shape', '"when" must be an object with branch, tag or ref', {
      found: describeValue(cursor.value),
      hint:
        typeof cursor.value === 'string'
          ? `for a branch: when: { branch: ${quote(cursor.value)} }`
          : exampleFor(cursor),
    })
    return null
  }
  const fields = readFields(cursor, whenShape, context)
  if (fields === null) return null
  const problemsBefore = context.problems.problems.length
  const when: When = {
    branch: parseConditions(fields.get('branch'), context),
    tag: parseConditions(fields.get('tag'), context),
    ref: parseConditions(fields.get('ref'), context),
  }
  if (context.problems.problems.length === problemsBefore) warnWhenNothingIncluded(cursor, when, context)
  return when
}

function parseConditions(cursor: Cursor | null, context: ParseContext): WhenConditions | null {
  if (cursor === null || cursor.value === null) return null
  if (!isObject(cursor.value)) return { include: parseList(cursor, context), exclude: [] }
  const conditions: WhenConditions = { include: [], exclude: [] }
  for (const [key, value] of Object.entries(cursor.value)) {
    const at = cursor.child(key, value)
    if (key === 'include' || key === 'exclude') conditions[key] = value === null ? [] : parseList(at, context)
    else {
      context.problems.error(at, 'when_bad_shape', `a condition has no "${key}"`, {
        hint: 'it may have: include, exclude',
        atKey: true,
      })
    }
  }
  return conditions
}

function parseList(cursor: Cursor, context: ParseContext): WhenCondition[] {
  const { value } = cursor
  if (typeof value === 'string') return [parseCondition(cursor, value, context)]
  if (!Array.isArray(value)) {
    context.problems.error(cursor, 'when_bad_shape', `"${cursor.key}" is no condition`, {
      found: describeValue(value),
      hint: example,
    })
    return []
  }
  return value.flatMap((item: unknown, index) => {
    const at = cursor.child(index, item)
    if (typeof item === 'string') return [parseCondition(at, item, context)]
    context.problems.error(at, 'when_bad_shape', 'a condition must be a string', {
      found: describeValue(item),
      hint: hintForType(at, 'a string'),
    })
    return []
  })
}

function parseCondition(cursor: Cursor, text: string, context: ParseContext): WhenCondition {
  const delimiter = text[0]
  if (text.length > 2 && (delimiter === '/' || delimiter === '#') && text.endsWith(delimiter)) {
    const pattern = text.slice(1, -1)
    context.regexps.push({ cursor, pattern })
    return { type: 'regexp', match: pattern }
  }
  // Git allows none of these in the name of a ref, so that such a condition never holds.
  if (/[*?[\\^~: ]/.test(text)) {
    context.problems.warning(
      cursor,
      'when_looks_like_pattern',
      `${quote(text)} is compared as it is and is no possible name`,
      {
        hint: `a regular expression stands between # or /: ${quote(`#${patternFor(text)}#`)}`,
      },
    )
  }
  return { type: 'simple', match: text }
}

/** What somebody meant who wrote a glob, or a regular expression without its delimiters. */
function patternFor(text: string): string {
  if (/[\\^$(|+]|\.\*/.test(text)) return text
  return `^${text.replace(/[.+]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`
}

function warnWhenNothingIncluded(cursor: Cursor, when: When, context: ParseContext): void {
  const all = [when.branch, when.tag, when.ref]
  if (all.some((conditions) => conditions !== null && conditions.include.length > 0)) return
  const only = all.some((conditions) => conditions !== null && conditions.exclude.length > 0)
  context.problems.warning(cursor, 'when_never_matches', 'this "when" never holds, because it includes nothing', {
    hint: only ? 'for everything but the excluded ones add include: "#.*#"' : 'leave it out for always',
    atKey: true,
  })
}
