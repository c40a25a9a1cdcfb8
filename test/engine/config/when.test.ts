import { expect, test } from 'vitest'
import type { When, WhenCondition } from '../../../src/engine/config/config.ts'
import { loadRegexps } from '../../../src/engine/config/regexp.ts'
import type { SourceContext } from '../../../src/engine/config/source-context.ts'
import { matchWhen, whenMatcher } from '../../../src/engine/config/when.ts'
import { brief, parseText, taskWith } from './read-text.ts'

const { isFound } = await loadRegexps()

type Refs = Pick<SourceContext, 'refType' | 'ref' | 'branch' | 'tag'>
const branch = (name: string): Refs => ({ refType: 'branch', branch: name, tag: '', ref: `refs/heads/${name}` })
const tag = (name: string): Refs => ({ refType: 'tag', branch: '', tag: name, ref: `refs/tags/${name}` })
const pull = (id: number): Refs => ({ refType: 'pull_request', branch: '', tag: '', ref: `refs/pull/${id}/head` })

/** `/x/` and `#x#` are regular expressions, as in the format. */
function condition(text: string): WhenCondition {
  return /^([/#]).+\1$/.test(text) ? { type: 'regexp', match: text.slice(1, -1) } : { type: 'simple', match: text }
}
function conditions(include: string[], exclude: string[] = []) {
  return { include: include.map(condition), exclude: exclude.map(condition) }
}
function when(parts: Partial<When>): When {
  return { branch: null, tag: null, ref: null, ...parts }
}

const cases: [title: string, when: When | null, refs: Refs, expected: boolean][] = [
  ['no when', null, branch('master'), true],
  ['nothing included', when({}), branch('master'), false],
  ['an empty list', when({ branch: conditions([]) }), branch('master'), false],
  ['only an exclude', when({ branch: conditions([], ['other']) }), branch('master'), false],
  ['a simple empty pattern', when({ branch: conditions(['']) }), branch('master'), false],
  [
    'an empty regexp and a branch',
    when({ branch: { include: [{ type: 'regexp', match: '' }], exclude: [] } }),
    branch('master'),
    true,
  ],
  [
    'an empty regexp and an empty branch',
    when({ branch: { include: [{ type: 'regexp', match: '' }], exclude: [] } }),
    branch(''),
    false,
  ],
  ['an equal branch', when({ branch: conditions(['master']) }), branch('master'), true],
  ['a different branch', when({ branch: conditions(['master']) }), branch('main'), false],
  ['another case', when({ branch: conditions(['Master']) }), branch('master'), false],
  ['a part of a simple pattern', when({ branch: conditions(['mast']) }), branch('master'), false],
  ['a regexp that is found inside', when({ branch: conditions(['/ast/']) }), branch('master'), true],
  ['an anchored regexp', when({ branch: conditions(['/^ast/']) }), branch('master'), false],
  ['a regexp with another simple exclude', when({ branch: conditions(['/m.*/'], ['maste']) }), branch('master'), true],
  ['a regexp with a simple exclude', when({ branch: conditions(['/m.*/'], ['master']) }), branch('master'), false],
  ['another exclude regexp', when({ branch: conditions(['master'], ['/mb.*/']) }), branch('master'), true],
  ['an exclude regexp', when({ branch: conditions(['master'], ['/ma.*/']) }), branch('master'), false],
  ['several includes', when({ branch: conditions(['other', 'master']) }), branch('master'), true],
  ['several excludes', when({ branch: conditions(['master'], ['other', '/m/']) }), branch('master'), false],
  ['branch conditions on a tag', when({ branch: conditions(['v1']) }), { ...tag('v1'), branch: 'v1' }, false],
  ['tag conditions on a branch', when({ tag: conditions(['master']) }), { ...branch('master'), tag: 'master' }, false],
  ['tag conditions on a tag', when({ tag: conditions(['/^v/']) }), tag('v1'), true],
  ['an excluded tag', when({ tag: conditions(['/^v/'], ['v1']) }), tag('v1'), false],
  ['tag conditions and an empty tag', when({ tag: conditions(['']) }), tag(''), false],
  [
    'branch and tag conditions on a pull request',
    when({ branch: conditions(['/./']), tag: conditions(['/./']) }),
    pull(1),
    false,
  ],
  ['a pull request by its ref', when({ ref: conditions(['#^refs/pull/\\d+/head$#']) }), pull(12), true],
  ['a ref condition on a branch', when({ ref: conditions(['refs/heads/master']) }), branch('master'), true],
  [
    'tag and ref of other values',
    when({ tag: conditions(['v1']), ref: conditions(['refs/tags/v1']) }),
    branch('master'),
    false,
  ],
  [
    'an included branch with an excluded ref',
    when({ branch: conditions(['master']), ref: conditions([], ['/master/']) }),
    branch('master'),
    false,
  ],
  [
    'an excluded branch with an included ref',
    when({ branch: conditions([], ['master']), ref: conditions(['/master/']) }),
    branch('master'),
    true,
  ],
]
test.each(cases)('%s', (_, when, refs, expected) => {
  expect(matchWhen(when, refs, isFound)).toBe(expected)
})

test('a matcher loads the engine for the regular expressions it is told of', async () => {
  const source: SourceContext = { ...branch('master'), pullRequestId: '', commitSha: '' }
  const regexp = when({ tag: null, ref: conditions([], ['/x/']), branch: conditions(['/^m/']) })
  const simple = when({ branch: conditions(['master']) })
  expect((await whenMatcher([null, simple], source))(simple)).toBe(true)
  expect((await whenMatcher([simple, regexp], source))(regexp)).toBe(true)
})

async function parsed(text: string) {
  const { config, problems } = await parseText(taskWith(`when: ${text}`))
  return { when: config?.runs[0]?.tasks[0]?.when, problems: problems.map(brief) }
}

test('all forms of conditions', async () => {
  expect(
    await parsed("{ branch: master, tag: [v1, '/^v2/'], ref: { include: '#^refs/pull/#', exclude: ['/x$/', y1] } }"),
  ).toEqual({
    problems: [],
    when: {
      branch: { include: [{ type: 'simple', match: 'master' }], exclude: [] },
      tag: {
        include: [
          { type: 'simple', match: 'v1' },
          { type: 'regexp', match: '^v2' },
        ],
        exclude: [],
      },
      ref: {
        include: [{ type: 'regexp', match: '^refs/pull/' }],
        exclude: [
          { type: 'regexp', match: 'x$' },
          { type: 'simple', match: 'y1' },
        ],
      },
    },
  })
})

test.each([
  ['/branch01/', 'regexp', 'branch01'],
  ['#a#', 'regexp', 'a'],
  ['/a/b/', 'regexp', 'a/b'],
  ['//', 'simple', '//'],
  ['/', 'simple', '/'],
  ['##', 'simple', '##'],
  ['/a#', 'simple', '/a#'],
  ['#a/', 'simple', '#a/'],
  ['a/', 'simple', 'a/'],
  ['|a|', 'simple', '|a|'],
])('the condition %s is a %s', async (text, type, match) => {
  const { when } = await parsed(`{ branch: '${text}' }`)
  expect(when?.branch?.include).toEqual([{ type, match }])
})

test('absent and null conditions are no conditions', async () => {
  expect((await parsed('{ branch: a, tag: , ref: { include: a, exclude: } }')).when).toEqual({
    branch: { include: [{ type: 'simple', match: 'a' }], exclude: [] },
    tag: null,
    ref: { include: [{ type: 'simple', match: 'a' }], exclude: [] },
  })
})

test.each([
  ['text', ['error when_bad_shape 5:15 runs[0].tasks[0].when']],
  ['{ branch: 5 }', ['error when_bad_shape 5:25 runs[0].tasks[0].when.branch']],
  ['{ branch: [5, a] }', ['error when_bad_shape 5:26 runs[0].tasks[0].when.branch[0]']],
  ['{ branch: { include: a, foo: b } }', ['error when_bad_shape 5:39 runs[0].tasks[0].when.branch.foo']],
  ['{ branch: { include: a, exclude: true } }', ['error when_bad_shape 5:48 runs[0].tasks[0].when.branch.exclude']],
  [
    "{ branch: ['/(a/', '/a(?=b)/', '/(a)\\1/'] }",
    [
      'error when_bad_regexp 5:26 runs[0].tasks[0].when.branch[0]',
      'error when_bad_regexp 5:34 runs[0].tasks[0].when.branch[1]',
      'error when_bad_regexp 5:46 runs[0].tasks[0].when.branch[2]',
    ],
  ],
  ['{}', ['warning when_never_matches 5:9 runs[0].tasks[0].when']],
  ['{ branch: { exclude: a } }', ['warning when_never_matches 5:9 runs[0].tasks[0].when']],
  ["{ branch: 'release-*' }", ['warning when_looks_like_pattern 5:25 runs[0].tasks[0].when.branch']],
  ["{ tag: '^v.*' }", ['warning when_looks_like_pattern 5:22 runs[0].tasks[0].when.tag']],
  ['{ branches: a, branch: b }', ['warning unknown_key 5:17 runs[0].tasks[0].when.branches']],
])('when: %s', async (text, problems) => {
  expect((await parsed(text)).problems).toEqual(problems)
})

test('what looks like a pattern is offered as a regular expression', async () => {
  const hint = async (text: string) => (await parseText(taskWith(`when: { branch: '${text}' }`))).problems[0]?.hint
  expect(await hint('release-1.*')).toBe('a regular expression stands between # or /: "#release-1.*#"')
  expect(await hint('release-*')).toBe('a regular expression stands between # or /: "#^release-.*$#"')
  expect(await hint('v1.?-x')).toBe('a regular expression stands between # or /: "#^v1\\\\..-x$#"')
})

test('syntax of RE2 that JavaScript does not have is taken', async () => {
  expect(
    (await parsed("{ branch: ['/(?i)^MAIN$/', '/\\Qa.b\\E/', '/[[:alpha:]]\\z/', '/(?P<x>a)/'] }")).problems,
  ).toEqual([])
  expect(isFound('(?i)^MAIN$', 'main')).toBe(true)
  expect(isFound('\\Qa.b\\E', 'axb')).toBe(false)
})

test('a run has a when too', async () => {
  const { config } = await parseText('runs: [{ name: a, when: { tag: v1 } }]')
  expect(config?.runs[0]?.when).toEqual(when({ tag: conditions(['v1']) }))
})
