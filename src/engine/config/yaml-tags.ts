import type { ScalarTag, Tags } from 'yaml'

const plain = ['map', 'seq', 'str', 'null', 'bool', 'int', 'float', 'merge'].map((name) => `tag:yaml.org,2002:${name}`)

/** Whether a value may be given a tag, `tag:yaml.org,2002:str` or its like. */
export function isConfigTag(tag: string): boolean {
  return plain.includes(tag)
}

/** The tags of YAML 1.1 that the reference's decoder knows: no times, no numbers to the base of 60, and `.` is text. */
export function configTags(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string' || !plain.includes(tag.tag)) return []
    if ('format' in tag && tag.format === 'TIME') return []
    return tag.tag.endsWith(':float') && isScalarTag(tag) ? [needsDigit(tag)] : [tag]
  })
}

function isScalarTag(tag: Exclude<Tags[number], string>): tag is ScalarTag {
  return !('collection' in tag) || tag.collection === undefined
}

// The library takes `.` for a number without digits, but as a directory it is the most usual value of all.
function needsDigit(tag: ScalarTag): ScalarTag {
  const { test } = tag
  if (test === undefined) return tag
  return { ...tag, test: new RegExp(`^(?=.*[0-9]|.*\\.(?:inf|Inf|INF|nan|NaN|NAN)$)(?:${test.source})`) }
}
