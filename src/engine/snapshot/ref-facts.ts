import { AgolaError } from '../model/errors.ts'

/** What a run is told about its ref (spec/local-runs.md 6). Exactly one of the last three is not empty. */
export interface RefFacts {
  type: 'branch' | 'tag' | 'pull_request'
  /** Full name, `refs/heads/main`. */
  ref: string
  branch: string
  tag: string
  pullRequestId: string
}

export interface RefOptions {
  branch?: string | undefined
  tag?: string | undefined
  ref?: string | undefined
  /** RE2 patterns whose first group is the id of the pull request. */
  pullRequestRefRegexes?: readonly string[] | undefined
}

export const defaultPullRequestRefRegexes: readonly string[] = [
  'refs/pull/(\\d+)/head',
  'refs/merge-requests/(\\d+)/head',
]

/** The branch that a detached HEAD runs as, unless a flag names another. */
export const detachedBranch = 'detached'

/** Chooses the ref by the flags, else by the current branch. Throws `flagConflict` or `flagInvalid`. */
export async function chooseRef(options: RefOptions, currentBranch: string | null): Promise<RefFacts> {
  const given = (['branch', 'tag', 'ref'] as const).filter((name) => options[name] !== undefined)
  if (given.length > 1) {
    const flags = given.map((name) => `--${name}`).join(' and ')
    throw new AgolaError('flagConflict', `${flags} cannot be used together: give one of them.`)
  }
  await checkRegexes(options.pullRequestRefRegexes)
  if (options.tag !== undefined) return tagFacts(checkName('--tag', options.tag))
  if (options.ref !== undefined) return await refFacts(checkName('--ref', options.ref), options.pullRequestRefRegexes)
  if (options.branch !== undefined) return branchFacts(checkName('--branch', options.branch))
  return branchFacts(currentBranch ?? detachedBranch)
}

async function refFacts(ref: string, regexes = defaultPullRequestRefRegexes): Promise<RefFacts> {
  const branch = stripPrefix(ref, 'refs/heads/')
  if (branch !== null) return branchFacts(branch)
  const tag = stripPrefix(ref, 'refs/tags/')
  if (tag !== null) return tagFacts(tag)
  const { RE2JS } = await import('re2js')
  for (const regex of regexes) {
    const matcher = compileRegex(RE2JS, regex).matcher(ref)
    const id = matcher.find() && matcher.groupCount() > 0 ? matcher.group(1) : null
    if (id) return { type: 'pull_request', ref, branch: '', tag: '', pullRequestId: id }
  }
  throw new AgolaError(
    'flagInvalid',
    `--ref ${ref} is neither refs/heads/…, refs/tags/… nor a pull request (${regexes.join(', ')}). Give such a ref, or --pull-request-ref-regexes.`,
  )
}

/** Wrong ones are refused where they are not needed, too. */
async function checkRegexes(regexes = defaultPullRequestRefRegexes): Promise<void> {
  const given = regexes.filter((regex) => !defaultPullRequestRefRegexes.includes(regex))
  if (given.length === 0) return
  const { RE2JS } = await import('re2js')
  for (const regex of given) compileRegex(RE2JS, regex)
}

function compileRegex(re2: typeof import('re2js').RE2JS, regex: string) {
  try {
    return re2.compile(regex)
  } catch (error) {
    throw new AgolaError('flagInvalid', `--pull-request-ref-regexes ${regex} is not a valid regular expression.`, {
      cause: error,
    })
  }
}

/** The rules of git-check-ref-format, as far as they keep a name from being taken for something else. */
function checkName(flag: string, name: string): string {
  const bad = name === '' || /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^[/-]|[/.]$|\.lock(\/|$)|(^|\/)\./.test(name)
  if (bad) throw new AgolaError('flagInvalid', `${flag} ${JSON.stringify(name)} is not a valid ref name.`)
  return name
}

function branchFacts(branch: string): RefFacts {
  return { type: 'branch', ref: `refs/heads/${branch}`, branch, tag: '', pullRequestId: '' }
}

function tagFacts(tag: string): RefFacts {
  return { type: 'tag', ref: `refs/tags/${tag}`, branch: '', tag, pullRequestId: '' }
}

function stripPrefix(text: string, prefix: string): string | null {
  return text.startsWith(prefix) && text.length > prefix.length ? text.slice(prefix.length) : null
}
