import type { ConfigRun } from './config.ts'
import type { Cursor } from './cursor.ts'
import type { ParseContext } from './parse-context.ts'
import { parseRegistriesAuth } from './parse-registry-auth.ts'
import { type PlacedTask, parseTask } from './parse-task.ts'
import { parseTimeout } from './parse-timeout.ts'
import { parseWhen } from './parse-when.ts'
import { readList } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'
import { readName } from './read-name.ts'

const runShape = shape('a run', ['name', 'tasks', 'when', 'docker_registries_auth', 'task_timeout_interval'], {
  environment: 'a run has none: write it into the tasks',
  env: 'a run has none: write "environment" into the tasks',
  steps: 'write tasks: [{ name: …, runtime: …, steps: … }]',
  jobs: 'write "tasks"',
  timeout: 'write "task_timeout_interval"',
  depends: 'runs do not depend on each other; tasks do',
})

export interface PlacedRun {
  cursor: Cursor
  run: ConfigRun
  tasks: PlacedTask[]
}

/** null, with a problem, when it is no run. */
export function parseRun(cursor: Cursor, context: ParseContext): PlacedRun | null {
  if (cursor.value === null) {
    context.problems.error(cursor, 'run_empty', 'the run is empty', {
      found: 'null',
      hint: 'remove it, or write { name: … }',
    })
    return null
  }
  const fields = readFields(cursor, runShape, context)
  if (fields === null) return null
  const name = readName('run', fields, context.problems)
  const tasks = readList(fields.get('tasks'), context.problems).flatMap((task) => parseTask(task, context) ?? [])
  const run: ConfigRun = {
    name,
    tasks: tasks.map(({ task }) => task),
    when: parseWhen(fields.get('when'), context),
    dockerRegistriesAuth: parseRegistriesAuth(fields.get('docker_registries_auth'), context),
    taskTimeoutIntervalMs: parseTimeout(fields.get('task_timeout_interval'), context),
  }
  return { cursor, run, tasks }
}
