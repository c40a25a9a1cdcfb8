import type { When, WhenCondition, WhenConditions } from './config.ts'
import { loadRegexps, type Regexps } from './regexp.ts'
import type { SourceContext } from './source-context.ts'

export type MatchWhen = (when: When | null) => boolean

/** A matcher for the ref of one run. The engine for regular expressions is loaded only when one of `whens` has some. */
export async function whenMatcher(whens: Iterable<When | null>, source: SourceContext): Promise<MatchWhen> {
  let regexps: Regexps | null = null
  for (const when of whens) {
    if (when !== null && hasRegexp(when)) regexps ??= await loadRegexps()
  }
  return (when) => matchWhen(when, source, (pattern, text) => regexps?.isFound(pattern, text) ?? false)
}

/** Whether a run, task or variable value applies to a ref (spec/config.md 8.2). Later kinds win over earlier ones, and excludes over includes. */
export function matchWhen(
  when: When | null,
  source: Pick<SourceContext, 'refType' | 'ref' | 'branch' | 'tag'>,
  isFound: Regexps['isFound'],
): boolean {
  if (when === null) return true
  let result = false
  const apply = (conditions: WhenConditions | null, text: string): void => {
    const holds = (condition: WhenCondition): boolean =>
      condition.type === 'simple' ? condition.match === text : isFound(condition.match, text)
    if (conditions?.include.some(holds)) result = true
    if (conditions?.exclude.some(holds)) result = false
  }
  if (source.refType === 'branch' && source.branch !== '') apply(when.branch, source.branch)
  if (source.refType === 'tag' && source.tag !== '') apply(when.tag, source.tag)
  apply(when.ref, source.ref)
  return result
}

function hasRegexp(when: When): boolean {
  return [when.branch, when.tag, when.ref].some((conditions) =>
    [...(conditions?.include ?? []), ...(conditions?.exclude ?? [])].some(({ type }) => type === 'regexp'),
  )
}
