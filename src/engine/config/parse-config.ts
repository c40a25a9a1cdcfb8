import { checkDepends } from './check-depends.ts'
import type { Config } from './config.ts'
import { Cursor } from './cursor.ts'
import type { DocumentSource } from './document-source.ts'
import type { ParseContext } from './parse-context.ts'
import { parseRegistriesAuth } from './parse-registry-auth.ts'
import { type PlacedRun, parseRun } from './parse-run.ts'
import { parseTimeout } from './parse-timeout.ts'
import type { ConfigProblem } from './problem.ts'
import { ProblemList, sortProblems } from './problem-list.ts'
import { readList } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'
import { checkUniqueNames } from './read-name.ts'
import { loadRegexps } from './regexp.ts'

const configShape = shape('a config', ['runs', 'docker_registries_auth', 'task_timeout_interval', '$schema'], {
  run: 'write "runs", a list',
  tasks: 'write runs: [{ name: …, tasks: … }]',
  jobs: 'write runs: [{ name: …, tasks: … }]',
  environment: 'write it into the tasks',
})

export interface ParsedConfig {
  /** null as soon as one problem is an error. */
  config: Config | null
  /** In the order of the file. */
  problems: ConfigProblem[]
  /** Problems that were counted but not kept. */
  moreProblems: number
  /** Errors among them. */
  moreErrors: number
}

/** Turns a document of whatever shape into a config, and tells everything that is wrong with it (spec/config.md 5 to 10). Never throws. */
export async function parseConfig(source: DocumentSource, options: { strict?: boolean } = {}): Promise<ParsedConfig> {
  const context: ParseContext = { problems: new ProblemList(source), strict: options.strict ?? false, regexps: [] }
  const config = parseRoot(new Cursor(source.value), context)
  await checkRegexps(context)
  const { problems, hasErrors, more } = context.problems
  return {
    config: hasErrors ? null : config,
    problems: sortProblems(problems, source.file),
    moreProblems: more.problems,
    moreErrors: more.errors,
  }
}

function parseRoot(root: Cursor, context: ParseContext): Config {
  const config: Config = { runs: [], dockerRegistriesAuth: {}, taskTimeoutIntervalMs: null }
  // An empty document is one without runs.
  const fields = readFields(
    root.value === null || root.value === undefined ? new Cursor({}) : root,
    configShape,
    context,
  )
  if (fields === null) return config
  const runs = parseRuns(fields.get('runs') ?? fields.cursor, fields.get('runs') === null, context)
  config.runs = runs.map(({ run }) => run)
  config.dockerRegistriesAuth = parseRegistriesAuth(fields.get('docker_registries_auth'), context)
  config.taskTimeoutIntervalMs = parseTimeout(fields.get('task_timeout_interval'), context)
  return config
}

function parseRuns(cursor: Cursor, missing: boolean, context: ParseContext): PlacedRun[] {
  const items = missing ? [] : readList(cursor, context.problems)
  if (items.length === 0 && (missing || cursor.value === null || Array.isArray(cursor.value))) {
    context.problems.error(cursor, 'no_runs', 'the config has no runs', {
      hint: 'write runs: [{ name: …, tasks: [...] }]',
      atKey: true,
    })
  }
  const runs = items.flatMap((item) => parseRun(item, context) ?? [])
  checkUniqueNames(
    'run',
    runs.map(({ cursor, run }) => ({ name: run.name, nameAt: cursor.child('name', run.name) })),
    context.problems,
  )
  for (const { tasks } of runs) {
    checkUniqueNames(
      'task',
      tasks.map(({ cursor, task }) => ({ name: task.name, nameAt: cursor.child('name', task.name) })),
      context.problems,
    )
    checkDepends(tasks, context.problems)
  }
  return runs
}

async function checkRegexps(context: ParseContext): Promise<void> {
  if (context.regexps.length === 0) return
  const regexps = await loadRegexps()
  for (const { cursor, pattern } of context.regexps) {
    const reason = regexps.problemOf(pattern)
    if (reason === null) continue
    context.problems.error(cursor, 'when_bad_regexp', `the regular expression is not valid: ${reason}`, {
      found: JSON.stringify(cursor.value),
      hint: 'the syntax is that of RE2, which has no look-around and no back references',
    })
  }
}
